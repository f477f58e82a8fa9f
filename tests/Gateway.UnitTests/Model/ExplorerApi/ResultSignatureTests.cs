using System.Text;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.UnitTests.Model.ExplorerApi;

public sealed class ResultSignatureTests
{
    private static readonly Identity Gateway = Identity.FromSeed("12345678901234567890123456789012"u8);

    [Fact]
    public void The_recorded_results_are_signed_octet_for_octet()
    {
        foreach (var one in Vectors.Read("result-signature.json").GetProperty("cases").EnumerateArray())
        {
            Assert.True(ExplorerJson.TryRead<WorkloadResult>(Encoding.UTF8.GetBytes(one.GetProperty("put_body").GetRawText()), out var result, out var fault), fault);
            Assert.Equal(one.GetProperty("data_json_raw").GetString(), result.Data.Text);
            Assert.Equal(one.GetProperty("signed_bytes_hex").GetString(), Convert.ToHexStringLower(ResultSignature.Bytes(result)));
            Assert.Equal(one.GetProperty("signature_hex").GetString(), ResultSignature.Sign(result, Gateway).Signature);
            Assert.True(ResultSignature.Verify(result, Gateway.PublicKey));
            Assert.False(ResultSignature.Verify(result with { Message = "x" }, Gateway.PublicKey));
            Assert.False(ResultSignature.Verify(result with { State = ResultState.Deleted }, Gateway.PublicKey));
        }
    }

    [Fact]
    public void A_result_is_written_in_the_contracts_form()
    {
        var result = new WorkloadResult { Category = WorkloadType.ReverseProxy, WorkloadId = "4321-1", State = ResultState.Ok, Epoch = new ExplorerDate(1610000005) };
        var signature = "1f5c31535d82a386dec2650c250f7139ea34aac250097be139f3582ee95b1cb055108e81f5815edd6a8741fa72488e7f374266864c8b96c7f9bee74c1cffb805";
        Assert.Equal(
            $$"""{"category":6,"workload_id":"4321-1","data_json":null,"signature":"{{signature}}","state":1,"message":"","epoch":1610000005,"node_id":""}""",
            Encoding.UTF8.GetString(ExplorerJson.Write(ResultSignature.Sign(result, Gateway))));
    }
}
