using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.UnitTests.Model.ExplorerApi;

public sealed class WorkloadChallengeTests
{
    private static readonly JsonElement File = Vectors.Read("reservation-signatures.json");
    private static readonly Identity Customer = Identity.FromSeed("customer-seed-0123456789abcdefgh"u8);

    public static TheoryData<string> Names => [.. File.GetProperty("cases").EnumerateArray().Select(one => one.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_challenge_is_the_recorded_text(string name)
    {
        var one = Case(name);
        Assert.Equal(one.GetProperty("challenge_utf8").GetString(), WorkloadChallenge.Text(Read(one)));
        Assert.Equal(one.GetProperty("challenge_sha256_hex").GetString(), Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(WorkloadChallenge.Text(Read(one))))));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void All_three_signatures_are_the_recorded_ones_and_verify(string name)
    {
        var one = Case(name);
        var workload = Read(one) with { CustomerSignature = one.GetProperty("customer_signature_hex").GetString()! };
        Assert.Equal(workload.CustomerSignature, WorkloadChallenge.SignCustomer(workload, Customer));
        Assert.True(WorkloadChallenge.VerifyCustomer(workload, Customer.PublicKey));
        var delete = Agreement(one, "delete");
        Assert.Equal(delete.Signature, WorkloadChallenge.SignDelete(workload, 7, Customer));
        Assert.True(WorkloadChallenge.VerifyDelete(workload, delete, Customer.PublicKey));
        var provision = Agreement(one, "provision");
        Assert.Equal(provision.Signature, WorkloadChallenge.SignProvision(workload, 7, Customer));
        Assert.True(WorkloadChallenge.VerifyProvision(workload, provision, Customer.PublicKey));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_signature_of_the_old_tool_that_does_not_hash_is_refused(string name)
    {
        var one = Case(name);
        var workload = Read(one) with { CustomerSignature = one.GetProperty("legacy_go_tfuser_signature_hex").GetString()! };
        Assert.False(WorkloadChallenge.VerifyCustomer(workload, Customer.PublicKey));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void One_agreement_is_not_another(string name)
    {
        var one = Case(name);
        var workload = Read(one) with { CustomerSignature = Agreement(one, "delete").Signature };
        Assert.False(WorkloadChallenge.VerifyCustomer(workload, Customer.PublicKey));
        Assert.False(WorkloadChallenge.VerifyDelete(workload, Agreement(one, "provision"), Customer.PublicKey));
        Assert.False(WorkloadChallenge.VerifyDelete(workload, Agreement(one, "delete") with { Tid = 8 }, Customer.PublicKey));
        Assert.False(WorkloadChallenge.VerifyDelete(workload with { Epoch = new ExplorerDate(workload.Epoch.Seconds + 1) }, Agreement(one, "delete"), Customer.PublicKey));
    }

    [Fact]
    public void A_change_of_any_signed_member_breaks_the_signature()
    {
        var workload = Read(Case("proxy"));
        workload = workload with { CustomerSignature = WorkloadChallenge.SignCustomer(workload, Customer) };
        Workload[] forgeries =
        [
            workload with { WorkloadId = 2 }, workload with { NodeId = "x" }, workload with { PoolId = 1 }, workload with { Reference = "1-1" },
            workload with { CustomerTid = 8 }, workload with { WorkloadType = WorkloadType.ReverseProxy }, workload with { Epoch = new ExplorerDate(1) },
            workload with { Description = "x" }, workload with { Metadata = "x" }, workload with { Domain = "x" }, workload with { Address = "x" },
            workload with { Port = 81 }, workload with { PortTls = 444 },
        ];
        Assert.True(WorkloadChallenge.VerifyCustomer(workload, Customer.PublicKey));
        Assert.All(forgeries, forgery => Assert.False(WorkloadChallenge.VerifyCustomer(forgery, Customer.PublicKey)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("zz")]
    [InlineData("00")]
    public void A_signature_that_is_none_is_false(string signature) =>
        Assert.False(WorkloadChallenge.VerifyCustomer(Read(Case("proxy")) with { CustomerSignature = signature }, Customer.PublicKey));

    private static JsonElement Case(string name) =>
        File.GetProperty("cases").EnumerateArray().Single(one => one.GetProperty("name").GetString() == name);

    private static Workload Read(JsonElement one)
    {
        Assert.True(ExplorerJson.TryRead<Workload>(Encoding.UTF8.GetBytes(one.GetProperty("workload").GetRawText()), out var workload, out var fault), fault);
        return workload;
    }

    private static WorkloadSignature Agreement(JsonElement one, string name) =>
        new() { Tid = 7, Signature = one.GetProperty(name).GetProperty("signature_hex").GetString()! };
}
