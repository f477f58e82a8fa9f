using System.Text;
using System.Text.Json;
using Gateway.Model.Crypto;
using Xunit;

namespace Gateway.UnitTests.Model.Crypto;

public sealed class IdentityTests
{
    private static readonly JsonElement File = Vectors.Read("identity.json");

    public static TheoryData<string> Names => [.. File.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_seed_makes_the_recorded_keys_and_words(string name)
    {
        var entry = Entry(name);
        var identity = Identity.FromSeed(Hex(entry, "seed_hex"));
        Assert.Equal(Text(entry, "ed25519_public_hex"), identity.PublicKey.Hex);
        Assert.Equal(Text(entry, "identity_base58"), identity.Id);
        Assert.Equal(Text(entry, "mnemonic_24_words"), identity.Words.Reveal());
        Assert.Equal(Text(entry, "wireguard_public_base64"), Gateway4To6Addresses.WireGuardKey(identity));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Both_keys_have_the_recorded_points_on_Curve25519(string name)
    {
        var entry = Entry(name);
        var identity = Identity.FromSeed(Hex(entry, "seed_hex"));
        Span<byte> scalar = stackalloc byte[32], point = stackalloc byte[32];
        identity.ToCurve25519(scalar);
        Assert.True(identity.PublicKey.TryToCurve25519(point));
        Assert.Equal(Text(entry, "x25519_private_hex"), Convert.ToHexStringLower(scalar));
        Assert.Equal(Text(entry, "x25519_public_hex"), Convert.ToHexStringLower(point));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void An_identity_names_its_public_key(string name)
    {
        var entry = Entry(name);
        Assert.True(PublicKey.TryFromId(Text(entry, "identity_base58"), out var key));
        Assert.Equal(Text(entry, "ed25519_public_hex"), key.Hex);
        Assert.True(PublicKey.TryFromHex(Text(entry, "ed25519_public_hex").ToUpperInvariant(), out var same));
        Assert.Equal(key, same);
    }

    [Theory]
    [InlineData("")]
    [InlineData("4CcKDtU1JNGi8U4D8Rv9CHzfmF7xzaxEAPFA54eQjRH0")]
    [InlineData("14CcKDtU1JNGi8U4D8Rv9CHzfmF7xzaxEAPFA54eQjRHF")]
    [InlineData("4CcKDtU1JNGi8U4D8Rv9CHzfmF7xzaxEAPFA54eQjRHFF")]
    [InlineData("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")]
    [InlineData("11111111111111111111111111111111111111111111")]
    [InlineData("é23456789012345678901234567890123456789012")]
    public void What_is_no_identity_is_refused(string text) => Assert.False(PublicKey.TryFromId(text, out _));

    [Fact]
    public void A_signature_holds_for_its_message_and_its_key_alone()
    {
        var identity = Identity.Create();
        var signature = identity.Sign("yes"u8);
        Assert.True(Identity.TryVerify(identity.Id, "yes"u8, signature));
        Assert.False(Identity.TryVerify(identity.Id, "no"u8, signature));
        Assert.False(Identity.TryVerify(Identity.Create().Id, "yes"u8, signature));
        Assert.False(Identity.TryVerify(identity.Id, "yes"u8, signature.AsSpan(0, 63)));
        Assert.False(Identity.TryVerify("nobody", "yes"u8, signature));
    }

    [Fact]
    public void An_identity_prints_its_name_and_never_its_seed()
    {
        var identity = Identity.FromSeed("12345678901234567890123456789012"u8);
        Assert.Equal("4CcKDtU1JNGi8U4D8Rv9CHzfmF7xzaxEAPFA54eQjRHF", identity.ToString());
        Assert.Equal("***", identity.Words.ToString());
        Assert.DoesNotContain("couple", new SeedFile(identity, 7).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_seed_of_another_length_is_a_bug_of_the_caller() => Assert.Throws<ArgumentException>(() => Identity.FromSeed("short"u8));

    [Fact]
    public void Words_that_do_not_make_a_seed_are_refused_with_the_reason()
    {
        foreach (var reject in File.GetProperty("reject").EnumerateArray())
        {
            var text = Encoding.UTF8.GetBytes($"\"1.1.0\"{{\"mnemonic\":\"{Text(reject, "mnemonic")}\"}}");
            Assert.False(SeedFile.TryDecode(text, out _, out var fault));
            Assert.NotEmpty(fault);
        }
    }

    private static JsonElement Entry(string name) =>
        File.GetProperty("entries").EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == name);

    private static string Text(JsonElement entry, string name) => entry.GetProperty(name).GetString()!;

    private static byte[] Hex(JsonElement entry, string name) => Convert.FromHexString(Text(entry, name));
}
