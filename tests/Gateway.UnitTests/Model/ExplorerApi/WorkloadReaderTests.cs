using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.UnitTests.Model.ExplorerApi;

/// <summary>The quick reader of workloads beside the tolerant one: it may leave a workload to that one, and never reads it otherwise.</summary>
public sealed class WorkloadReaderTests
{
    private static readonly Workload Full = new()
    {
        WorkloadId = 1,
        NodeId = "node",
        PoolId = 2,
        Reference = "3-1",
        Description = "a \"quoted\" <text> \u00e9",
        SigningRequestProvision = new SigningRequest { Signers = [4, 5], QuorumMin = 2 },
        SigningRequestDelete = new SigningRequest { Signers = [6], QuorumMin = 1 },
        Id = 7,
        Json = "{}",
        CustomerTid = 8,
        CustomerSignature = "beef",
        NextAction = NextAction.Deploy,
        SignaturesProvision = [new WorkloadSignature { Tid = 9, Signature = "aa", Epoch = new ExplorerDate(10) }],
        SignatureFarmer = new WorkloadSignature { Tid = 11, Signature = "bb", Epoch = new ExplorerDate(12) },
        SignaturesDelete = [new WorkloadSignature { Tid = 13 }],
        Epoch = new ExplorerDate(1_600_000_000),
        Metadata = "meta",
        Result = new WorkloadResult { Category = WorkloadType.Proxy, WorkloadId = "7-1", Signature = "cc", State = ResultState.Ok, Message = "m", Epoch = new ExplorerDate(14), NodeId = "n" },
        WorkloadType = WorkloadType.Proxy,
        Version = 2,
        Domain = "www.example.test",
        Address = "192.0.2.1",
        Port = 80,
        PortTls = 443,
        Secret = "dd",
        Ips = ["192.0.2.1", "2001:db8::1"],
        PublicKey = "ee",
    };

    private static readonly string[] Oddities =
    [
        "null", "true", "0", "-1", "1.5", "1e2", "255", "256", "4294967296", "9223372036854775808", "\"\"", "\"x\"", "\"\\u0041\\\"\"", "\"\\ud800\"", "\"2021/01/07 6:13\"",
        "[]", "[null]", "[1]", "[1.5]", "[\"a\",\"\\ud800\"]", "[\"a\",1]", "[{}]", "[{},null]", "[{\"tid\":1,\"tid\":2}]", "[[]]",
        "{}", "{\"tid\":null}", "{\"tid\":\"1\"}", "{\"TID\":1}", "{\"signers\":null,\"quorum_min\":1}", "{\"signers\":[1,null]}", "{\"state\":1,\"data_json\":{\"a\":1}}", "{\"state\":1,\"data_json\":null,\"epoch\":5}", "{\"unknown\":[{}]}",
    ];

    public static TheoryData<string> Members => [.. JsonNode.Parse(ExplorerJson.Write(Full))!.AsObject().Select(member => member.Key)];

    [Fact]
    public void What_explorers_write_is_read_quickly()
    {
        Assert.Equal(Tolerant(Text(Full)), Quick(Text(Full)));
        Assert.Equal(Tolerant(Text(new Workload().OfItsKind())), Quick(Text(new Workload().OfItsKind())));
    }

    [Theory]
    [MemberData(nameof(Members))]
    public void Whatever_a_member_holds_both_readers_say_the_same(string member)
    {
        foreach (var odd in Oddities)
        {
            var json = Text(Full);
            var value = JsonNode.Parse(json)!.AsObject()[member]!.ToJsonString();
            var tampered = json.Insert(json.Length - 1, $",\"{member}\":{odd}");
            AssertSame(tampered, $"{member} repeated as {odd}");
            AssertSame(JsonNode.Parse(json)!.AsObject().ToJsonString().Replace($"\"{member}\":{value}", $"\"{member}\":{odd}", StringComparison.Ordinal), $"{member}: {odd}");
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"ID\":1}")]
    [InlineData("{\"\\u0069d\":1}")]
    [InlineData("{\"unknown\":{\"deep\":[1,{}]},\"id\":3}")]
    [InlineData("{\"id\":3}}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("7")]
    public void Other_spellings_mean_the_same(string json) => AssertSame(json, json);

    [Fact]
    public void Octets_that_are_no_text_are_left_to_the_tolerant_reader()
    {
        byte[] octets = [.. "{\"description\":\""u8, 0xff, .. "\"}"u8];
        var reader = new Utf8JsonReader(octets);
        reader.Read();
        Assert.False(WorkloadReader.TryRead(ref reader, out _));
    }

    private static void AssertSame(string json, string what)
    {
        if (Quick(json) is { } quick) Assert.Equal((what, Tolerant(json)), (what, quick));
    }

    private static string Text(Workload workload) => Encoding.UTF8.GetString(ExplorerJson.Write(workload));

    private static string? Tolerant(string json) => ExplorerJson.TryRead<Workload>(Encoding.UTF8.GetBytes(json), out var workload, out _) ? Text(workload) : null;

    /// <summary>Null where it is left to the tolerant reader.</summary>
    private static string? Quick(string json)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json), new JsonReaderOptions { MaxDepth = ExplorerJson.MaxDepth + 1 });
        try
        {
            return reader.Read() && WorkloadReader.TryRead(ref reader, out var workload) && !reader.Read() ? Text(workload) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
