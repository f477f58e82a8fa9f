using Gateway.Dns.Tsig;
using Gateway.Model;
using Xunit;

namespace Gateway.UnitTests.Dns.Tsig;

public sealed class SignedRequestTests
{
    private const long Now = 1_795_176_351;
    private const string KeyName = "transfer.example";

    /// <summary>example.org SOA, unsigned.</summary>
    private static readonly byte[] Query = Convert.FromHexString("d98001200001000000000000076578616d706c65036f72670000060001");

    /// <summary>Queries for example.org SOA as dig 9.18 signed them, with the secret 00 01 02 … of the MAC's length.</summary>
    [Theory]
    [InlineData("hmac-sha256", 32, 0x6b00379f, "d98001200001000000000001076578616d706c65036f72670000060001087472616e73666572076578616d706c650000fa00ff00000000003d0b686d61632d7368613235360000006b00379f012c00204cdb26ffcfa0a9a2f4bc09b5f343709be82c080213e5f9827d5c344761a1b1b8d98000000000")]
    [InlineData("hmac-sha384", 48, 0x6b0037a0, "9a2801200001000000000001076578616d706c65036f72670000060001087472616e73666572076578616d706c650000fa00ff00000000004d0b686d61632d7368613338340000006b0037a0012c0030f5d02baeebacf862b72ecbf9be82ac651f5f37fc326fe75ad43ff1a2e3b822cc37bf5f9c78a425d40c247249dbffbf569a2800000000")]
    [InlineData("hmac-sha512", 64, 0x6b0037a1, "42c301200001000000000001076578616d706c65036f72670000060001087472616e73666572076578616d706c650000fa00ff00000000005d0b686d61632d7368613531320000006b0037a1012c0040c87dac19761d68b76a5a7fa80e5f0d6b91a3de059c4ff21ce39f497913ac03381cbaaa44b8c42989a9d4b99a431517fe8c541a523d545d61224a76f6fe15b95142c300000000")]
    public void Takes_what_dig_signed(string algorithm, int secretLength, long time, string hex)
    {
        var message = Convert.FromHexString(hex);
        Assert.Equal(SignatureWorth.Good, Read(message, KeysOf(algorithm, secretLength), time).Worth);
        for (var at = 0; at < message.Length; at++)
        {
            var forged = (byte[])message.Clone();
            forged[at] ^= 0x20;
            if (at is 0 or 1 || IsCaseOfName(message, at)) continue;
            var isReadable = SignedRequest.TryRead(forged, KeysOf(algorithm, secretLength), time, out var request);
            Assert.False(isReadable && request?.Worth == SignatureWorth.Good, $"A change of octet {at} went unnoticed.");
        }
    }

    [Fact]
    public void An_unsigned_request_is_readable_and_null()
    {
        Assert.True(SignedRequest.TryRead(Query, KeysOf("hmac-sha256", 32), Now, out var request));
        Assert.Null(request);
    }

    [Theory]
    [InlineData("hmac-sha256", 32)]
    [InlineData("hmac-sha384", 48)]
    [InlineData("hmac-sha512", 64)]
    public void Every_message_of_an_answer_is_signed_on_top_of_the_one_before(string algorithm, int secretLength)
    {
        var client = ClientOf(algorithm, secretLength);
        var request = Read(client.Sign(Query, Now), KeysOf(algorithm, secretLength), Now);
        Assert.Equal(SignatureWorth.Good, request.Worth);
        Assert.Equal(KeyName, request.Key!.ToString());
        for (var i = 0; i < 4; i++)
        {
            var buffer = new byte[1024];
            Query.CopyTo(buffer, 0);
            buffer[2] = 0x84;
            var length = request.Sign(buffer, Query.Length, Now + i);
            Assert.True(length - Query.Length <= request.Overhead);
            Assert.Equal(0, client.Check(buffer[..length], out _));
        }
    }

    [Theory]
    [Trait("adv", "D15")]
    [InlineData(300, 0)]
    [InlineData(-300, 0)]
    [InlineData(301, 18)]
    [InlineData(-301, 18)]
    public void Clocks_may_differ_by_the_fudge_and_the_refusal_tells_our_time_signed(int late, int expected)
    {
        var client = ClientOf("hmac-sha256", 32);
        var message = client.Sign(Query, Now);
        var request = Read(message, KeysOf("hmac-sha256", 32), Now + late);
        Assert.Equal(expected, (int)request.Worth);
        if (expected == 0) return;
        var response = new byte[1024];
        var length = request.Refuse(message, response, Now + late);
        Assert.Equal(expected, client.Check(response[..length], out var other));
        Assert.Equal(Now + late, TsigClient.TimeIn(other));
        Assert.Equal(9, response[3] & 15);
    }

    [Fact]
    [Trait("adv", "D15")]
    public void A_wrong_secret_is_BADSIG_and_the_refusal_is_not_signed()
    {
        var client = new TsigClient(KeyName, "hmac-sha256", new byte[32]);
        RefusedWithoutMac(client, client.Sign(Query, Now), SignatureWorth.BadSig);
    }

    [Theory]
    [Trait("adv", "D15")]
    [InlineData("other.example", "hmac-sha256")]
    [InlineData(KeyName, "hmac-sha512")]
    [InlineData(KeyName, "hmac-md5.sig-alg.reg.int")]
    public void An_unknown_key_or_another_algorithm_is_BADKEY(string name, string algorithm)
    {
        var client = new TsigClient(name, algorithm, Secret(32));
        RefusedWithoutMac(client, client.Sign(Query, Now), SignatureWorth.BadKey);
    }

    [Fact]
    [Trait("adv", "D15")]
    public void A_cut_MAC_is_BADTRUNC_and_one_cut_too_short_is_malformed()
    {
        for (var cut = 1; cut <= 32; cut++)
        {
            var client = ClientOf("hmac-sha256", 32);
            var message = client.Sign(Query, Now, cut: cut);
            var isReadable = SignedRequest.TryRead(message, KeysOf("hmac-sha256", 32), Now, out var request);
            Assert.Equal(cut <= 16, isReadable);
            if (!isReadable) continue;
            Assert.Equal(SignatureWorth.BadTrunc, request!.Worth);
            Assert.Null(request.Key);
            var response = new byte[1024];
            var length = request.Refuse(message, response, Now);
            Assert.Equal(22, client.Check(response[..length], out _));
        }
    }

    [Fact]
    public void A_record_that_is_not_the_last_or_not_alone_is_malformed()
    {
        var signed = ClientOf("hmac-sha256", 32).Sign(Query, Now);
        byte[] opt = [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];
        byte[] followed = [.. signed, .. opt];
        byte[] twice = [.. signed, .. signed[Query.Length..]];
        byte[] longer = [.. signed, 0];
        byte[] asAnswer = [.. signed];
        (followed[11], twice[11], asAnswer[11], asAnswer[7]) = (2, 2, 0, 1);
        foreach (var message in new[] { followed, twice, longer, asAnswer, signed[..^1], signed[..(Query.Length + 5)] })
            Assert.False(SignedRequest.TryRead(message, KeysOf("hmac-sha256", 32), Now, out _));
    }

    [Fact]
    public void The_key_s_name_may_be_compressed()
    {
        var keys = new TsigKeys([new TsigKey(DomainName.Parse("example.org"), Algorithm("hmac-sha256"), Secret(32))]);
        var signed = new TsigClient("example.org", "hmac-sha256", Secret(32)).Sign(Query, Now);
        byte[] compressed = [.. signed[..Query.Length], 0xC0, 12, .. signed[(Query.Length + 13)..]];
        Assert.Equal(SignatureWorth.Good, Read(compressed, keys, Now).Worth);
        byte[] loop = [.. signed[..Query.Length], 0xC0, (byte)Query.Length, .. signed[(Query.Length + 13)..]];
        Assert.False(SignedRequest.TryRead(loop, keys, Now, out _));
    }

    [Fact]
    public void Nothing_that_a_peer_sends_makes_it_throw()
    {
        var signed = ClientOf("hmac-sha256", 32).Sign(Query, Now);
        var random = new Random(8945);
        for (var i = 0; i < 20_000; i++)
        {
            var message = signed[..random.Next(signed.Length + 1)];
            for (var changes = random.Next(4); changes > 0 && message.Length > 0; changes--) message[random.Next(message.Length)] = (byte)random.Next(256);
            if (SignedRequest.TryRead(message, KeysOf("hmac-sha256", 32), Now, out var request) && request is { Key: null })
                Assert.InRange(request.Refuse(message, new byte[1024], Now), 12, 1024);
        }
    }

    [Theory]
    [InlineData("k:hmac-sha256:AAECAwQFBgcICQ==", "")]
    [InlineData("k:hmac-sha256", "not written name:algorithm:base64")]
    [InlineData("k..x:hmac-sha256:AAECAwQFBgcICQ==", "not a domain name")]
    [InlineData("k:hmac-md5:AAECAwQFBgcICQ==", "algorithm of TSIG key k is not")]
    [InlineData("k:hmac-sha256:secret!", "not base64")]
    [InlineData("k:hmac-sha256:AAEC", "at least 8 octets")]
    public void Keys_are_written_name_algorithm_base64(string option, string expected)
    {
        Assert.Equal(expected.Length == 0, TsigKey.TryParse(new Secret(option), out var key, out var fault));
        Assert.Contains(expected, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("secret!", fault, StringComparison.Ordinal);
        if (key is not null) Assert.Equal("k", key.ToString());
    }

    private static void RefusedWithoutMac(TsigClient client, byte[] message, SignatureWorth expected)
    {
        var request = Read(message, KeysOf("hmac-sha256", 32), Now);
        Assert.Equal(expected, request.Worth);
        Assert.Null(request.Key);
        var response = new byte[1024];
        var length = request.Refuse(message, response, Now);
        Assert.Equal((int)expected, client.Check(response[..length], out _));
        Assert.Equal(message[..2], response[..2]);
        Assert.Equal(9, response[3] & 15);
    }

    // Names are compared and signed in lower case, so a capital there is the same message.
    private static bool IsCaseOfName(byte[] message, int at) => at >= Query.Length && char.IsAsciiLetter((char)message[at]) && (at < Query.Length + 18 || (at > Query.Length + 28 && at < Query.Length + 41));

    private static SignedRequest Read(byte[] message, TsigKeys keys, long now)
    {
        Assert.True(SignedRequest.TryRead(message, keys, now, out var request));
        return Assert.IsType<SignedRequest>(request);
    }

    private static TsigClient ClientOf(string algorithm, int secretLength) => new(KeyName, algorithm, Secret(secretLength));

    private static TsigKeys KeysOf(string algorithm, int secretLength) => new([new TsigKey(DomainName.Parse(KeyName), Algorithm(algorithm), Secret(secretLength))]);

    private static TsigAlgorithm Algorithm(string name)
    {
        Assert.True(TsigAlgorithm.TryFind(DomainName.Parse(name), out var algorithm));
        return algorithm;
    }

    private static byte[] Secret(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)i)];
}
