using System.Text.Json;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.UnitTests.Model.ExplorerApi;

public sealed class HttpSignatureTests
{
    private static readonly Identity User = Identity.FromSeed("customer-seed-0123456789abcdefgh"u8);
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1610000001);
    private static readonly SignedHeaders Good = SignedHeaders.Sign("7", User, Now);

    [Fact]
    public void The_recorded_requests_are_signed_alike_and_both_spellings_verify()
    {
        foreach (var one in Vectors.Read("http-signature.json").GetProperty("cases").EnumerateArray())
        {
            var identity = Identity.FromSeed(Convert.FromHexString(one.GetProperty("seed_hex").GetString()!));
            var time = DateTimeOffset.FromUnixTimeSeconds(one.GetProperty("created").GetInt64());
            var headers = one.GetProperty("headers");
            var signed = SignedHeaders.Sign(one.GetProperty("keyId").GetString()!, identity, time);
            Assert.Equal(one.GetProperty("authorization_recommended").GetString(), signed.Authorization);
            Assert.Equal(headers.GetProperty("Date").GetString(), signed.Date);
            Assert.Equal("", Check(signed.Authorization, headers, identity.PublicKey));
            Assert.Equal("", Check(one.GetProperty("authorization_as_sent_by_go_client_utf8").GetString()!, headers, identity.PublicKey));
        }
    }

    [Fact]
    public void The_order_of_parameters_and_white_space_between_them_are_free()
    {
        var signature = Part("signature");
        Assert.Equal("", Check($"Signature headers=\"(created) date threebot-id\", signature=\"{signature}\" ,created=\"1610000001\",x=\"\", keyId=\"7\""));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Signature")]
    [InlineData("Signature ")]
    [InlineData("Basic dXNlcjpwYXNz")]
    [InlineData("Signature keyId=7,created=1610000001")]
    [InlineData("Signature keyId=\"7\",created=\"1610000001\",headers=\"(created) date threebot-id\",signature=\"AAAA\"")]
    [InlineData("Signature keyId=\"7\",signature=\"")]
    [InlineData("Signature =\"7\"")]
    [InlineData("Signature a b=\"7\"")]
    public void What_is_no_signature_is_refused_with_a_reason(string authorization)
    {
        Assert.False(HttpSignature.TryParse(authorization, out _, out var fault));
        Assert.NotEmpty(fault);
    }

    [Theory]
    [InlineData("headers=\"(created) date threebot-id\"", "headers=\"(created) date\"", "threebot-id")]
    [InlineData("headers=\"(created) date threebot-id\"", "headers=\"\"", "(created)")]
    [InlineData("headers=\"(created) date threebot-id\"", "headers=\"(created) date threebot-id host\"", "host")]
    [InlineData("headers=\"(created) date threebot-id\"", "headers=\"date (created) threebot-id\"", "verification")]
    [InlineData("created=\"1610000001\"", "created=\"1610000002\"", "verification")]
    [InlineData("created=\"1610000001\"", "created=\"soon\"", "does not carry")]
    public void A_changed_signature_does_not_verify(string part, string by, string reason) =>
        Assert.Contains(reason, Check(Good.Authorization.Replace(part, by, StringComparison.Ordinal)), StringComparison.Ordinal);

    [Fact]
    public void An_unquoted_created_is_refused() =>
        Assert.False(HttpSignature.TryParse(Good.Authorization.Replace("created=\"1610000001\"", "created=1610000001", StringComparison.Ordinal), out _, out _));

    [Fact]
    public void Another_key_or_another_algorithm_does_not_verify()
    {
        Assert.True(HttpSignature.TryParse(Good.Authorization, out var signature, out _));
        Assert.False(signature.Verify(Identity.Create().PublicKey, Header, out _));
        Assert.False(HttpSignature.TryParse(Good.Authorization.Replace("ed25519", "rsa-sha256", StringComparison.Ordinal), out _, out _));
    }

    [Fact]
    public void A_changed_header_does_not_verify()
    {
        Assert.True(HttpSignature.TryParse(Good.Authorization, out var signature, out _));
        Assert.False(signature.Verify(User.PublicKey, name => name == "date" ? "Thu, 07 Jan 2021 06:13:22 GMT" : Header(name), out _));
        Assert.False(signature.Verify(User.PublicKey, name => name == "date" ? null : Header(name), out var fault));
        Assert.Contains("date", fault, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("adv", "R9")]
    public void A_captured_signature_is_fresh_for_the_tolerance_only()
    {
        Assert.True(HttpSignature.TryParse(Good.Authorization, out var signature, out _));
        Assert.True(signature.IsFresh(Now.AddSeconds(60), TimeSpan.FromMinutes(1)));
        Assert.False(signature.IsFresh(Now.AddSeconds(61), TimeSpan.FromMinutes(1)));
        Assert.False(signature.IsFresh(Now.AddSeconds(-61), TimeSpan.FromMinutes(1)));
        Assert.False((signature with { Created = null }).IsFresh(Now, TimeSpan.FromMinutes(1)));
        Assert.False((signature with { Created = long.MinValue }).IsFresh(Now, TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public void No_text_whatever_makes_the_reader_throw()
    {
        var random = new Random(2);
        for (var i = 0; i < 5000; i++)
        {
            var text = Good.Authorization.ToCharArray();
            for (var changes = random.Next(4); changes >= 0; changes--) text[random.Next(text.Length)] = (char)random.Next(0x250);
            if (HttpSignature.TryParse(new string(text), out var signature, out _)) signature.Verify(User.PublicKey, Header, out _);
        }

        Assert.False(HttpSignature.TryParse("Signature " + new string('a', 100_000), out _, out _));
    }

    private static string Check(string authorization, JsonElement headers, PublicKey key)
    {
        if (!HttpSignature.TryParse(authorization, out var signature, out var fault)) return fault;
        signature.Verify(key, name => headers.EnumerateObject().FirstOrDefault(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value.GetString(), out fault);
        return fault;
    }

    private static string Check(string authorization)
    {
        if (!HttpSignature.TryParse(authorization, out var signature, out var fault)) return fault;
        signature.Verify(User.PublicKey, Header, out fault);
        return fault;
    }

    private static string? Header(string name) => name switch { "date" => Good.Date, "threebot-id" => Good.KeyId, _ => null };

    private static string Part(string name)
    {
        var from = Good.Authorization.IndexOf(name + "=\"", StringComparison.Ordinal) + name.Length + 2;
        return Good.Authorization[from..Good.Authorization.IndexOf('"', from)];
    }
}
