using Gateway.Dns;
using Gateway.Dns.Tsig;
using Gateway.Model;
using Xunit;

namespace Gateway.UnitTests.Dns.Tsig;

/// <summary>Ordinary queries with a signature, through the whole responder.</summary>
public sealed class SignedQueryTests
{
    private const long Now = 1_795_176_351;
    private static readonly byte[] Secret = new byte[32];

    private readonly TestZones _zones = new TestZones
    {
        Responder = new Responder(new ResponderOptions { Keys = KeysOf("k.example") }),
    }.With("example", ("www", """{"a":[{"ip":"192.0.2.1"}]}"""), ("big", $$"""{"txt":[{"text":"{{new string('x', 2_000)}}"}]}"""));

    [Fact]
    public void A_signed_query_gets_a_signed_answer()
    {
        var client = new TsigClient("k.example", "hmac-sha256", Secret);
        var answer = Respond(client.Sign(Question("www"), Now));
        Assert.Equal(0, client.Check(answer, out _));
        Assert.Equal(1, answer[7]);
        Assert.Equal(0, answer[3] & 15);
    }

    [Fact]
    public void An_answer_that_does_not_fit_with_its_signature_is_truncated_and_still_signed()
    {
        var client = new TsigClient("k.example", "hmac-sha256", Secret);
        var answer = Respond(client.Sign(Question("big"), Now));
        Assert.Equal(0, client.Check(answer, out _));
        Assert.InRange(answer.Length, 12, 512);
        Assert.Equal(2, answer[2] & 2);
    }

    [Fact]
    [Trait("adv", "D15")]
    public void A_query_with_a_wrong_signature_gets_the_reason_and_no_records()
    {
        foreach (var (client, error) in new[] { (new TsigClient("k.example", "hmac-sha256", [1, 2, 3]), 16), (new TsigClient("other.example", "hmac-sha256", Secret), 17) })
        {
            var answer = Respond(client.Sign(Question("www"), Now));
            Assert.Equal(error, client.Check(answer, out _));
            Assert.Equal(9, answer[3] & 15);
            Assert.Equal(0, answer[7]);
        }
    }

    [Fact]
    public void A_query_whose_signature_is_not_the_last_record_is_malformed()
    {
        var signed = new TsigClient("k.example", "hmac-sha256", Secret).Sign(Question("www"), Now);
        byte[] followed = [.. signed, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];
        followed[11] = 2;
        Assert.Equal(1, Respond(followed)[3] & 15);
    }

    [Fact]
    public void The_longest_names_fit_or_are_not_answered()
    {
        var label = new string('k', 63);
        var longest = $"{label}.{label}.{label}.{new string('k', 61)}";
        var zones = new TestZones { Responder = new Responder(new ResponderOptions { Keys = KeysOf(longest) }) }.With("example");
        foreach (var space in new[] { 512, 1_232, 65_535 })
        {
            var query = new TsigClient(longest, "hmac-sha256", Secret).Sign([0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. DomainName.Parse(longest).Wire, 0, 1, 0, 1], Now);
            var length = zones.Responder.Respond(query, new byte[space], zones.Zones, new Client([192, 0, 2, 1], false, (uint)Now));
            Assert.InRange(length, 0, space);
            if (space > 1_000) Assert.True(length > 0);
        }
    }

    [Fact]
    [Trait("adv", "D1")]
    public void Nothing_signed_makes_the_responder_throw()
    {
        var random = new Random(1);
        var signed = new TsigClient("k.example", "hmac-sha256", Secret).Sign(Question("www"), Now);
        for (var i = 0; i < 20_000; i++)
        {
            var query = (byte[])signed.Clone();
            for (var changes = random.Next(5); changes > 0; changes--) query[random.Next(query.Length)] = (byte)random.Next(256);
            var response = new byte[512];
            Assert.InRange(_zones.Responder.Respond(query.AsSpan(0, random.Next(4) == 0 ? random.Next(query.Length) : query.Length), response, _zones.Zones, new Client([192, 0, 2, 1], false, (uint)Now)), 0, 512);
        }
    }

    private static byte[] Question(string name) => [0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. DomainName.Parse($"{name}.example").Wire, 0, (byte)(name == "big" ? 16 : 1), 0, 1];

    private byte[] Respond(byte[] query)
    {
        var response = new byte[1_232];
        return response[.._zones.Responder.Respond(query, response, _zones.Zones, new Client([192, 0, 2, 1], false, (uint)Now))];
    }

    private static TsigKeys KeysOf(string name)
    {
        Assert.True(TsigAlgorithm.TryFind(DomainName.Parse("hmac-sha256"), out var algorithm));
        return new TsigKeys([new TsigKey(DomainName.Parse(name), algorithm, Secret)]);
    }
}
