using System.Text.Json;
using Gateway.Model;
using Gateway.Model.Crypto;
using Xunit;

namespace Gateway.UnitTests.Model.Crypto;

public sealed class SealedSecretTests
{
    private static readonly JsonElement File = Vectors.Read("secrets.json");
    private static readonly Identity Gateway = Identity.FromSeed("12345678901234567890123456789012"u8);
    private static readonly Identity Customer = Identity.FromSeed("customer-seed-0123456789abcdefgh"u8);

    [Fact]
    public void Sealed_boxes_of_version_0_are_opened()
    {
        foreach (var one in File.GetProperty("version_0").EnumerateArray())
            Assert.Equal(Text(one, "plaintext"), Open(Text(one, "ciphertext_hex"), 0, Gateway, null));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Shared_key_boxes_of_later_versions_are_opened(int version)
    {
        foreach (var one in File.GetProperty("version_1_and_2").EnumerateArray())
        {
            var isOriginal = one.TryGetProperty("origin", out _);
            var (gateway, sender) = isOriginal
                ? (Identity.FromSeed("22222222222222222222222222222222"u8), Identity.FromSeed("11111111111111111111111111111111"u8))
                : (Gateway, Customer);
            Assert.Equal(Text(one, "plaintext"), Open(Text(one, "ciphertext_hex"), version, gateway, sender.PublicKey));
        }
    }

    [Fact]
    public void A_given_nonce_makes_the_recorded_ciphertext()
    {
        foreach (var one in File.GetProperty("version_1_and_2").EnumerateArray().Where(one => one.TryGetProperty("nonce_hex", out _)))
        {
            var nonce = Convert.FromHexString(Text(one, "nonce_hex"));
            Assert.Equal(Text(one, "ciphertext_hex"), SealedSecret.Encrypt(new Secret(Text(one, "plaintext")), Customer, Gateway.PublicKey, nonce));
        }
    }

    [Fact]
    public void What_cannot_be_opened_is_a_value_with_a_reason()
    {
        foreach (var one in File.GetProperty("must_fail").EnumerateArray())
        {
            Assert.False(SealedSecret.TryDecrypt(Text(one, "ciphertext_hex"), one.GetProperty("version").GetInt32(), Gateway, Customer.PublicKey, out var secret, out var fault));
            Assert.NotEmpty(fault);
            Assert.True(secret.IsEmpty);
        }
    }

    [Fact]
    public void What_one_side_encrypts_the_other_reads_and_nobody_else()
    {
        var cipher = SealedSecret.Encrypt(new Secret("7:größe"), Customer, Gateway.PublicKey);
        Assert.Equal("7:größe", Open(cipher, 2, Gateway, Customer.PublicKey));
        Assert.NotEqual(cipher, SealedSecret.Encrypt(new Secret("7:größe"), Customer, Gateway.PublicKey));
        Assert.False(SealedSecret.TryDecrypt(cipher, 2, Gateway, Identity.Create().PublicKey, out _, out _));
        Assert.False(SealedSecret.TryDecrypt(cipher, 2, Identity.Create(), Customer.PublicKey, out _, out _));
        Assert.False(SealedSecret.TryDecrypt(cipher, 2, Gateway, null, out _, out _));
        Assert.Equal("7:x", Open(SealedSecret.EncryptSealed(new Secret("7:x"), Gateway.PublicKey), 0, Gateway, null));
    }

    [Fact]
    public void An_empty_field_is_an_empty_secret()
    {
        Assert.True(SealedSecret.TryDecrypt("", 2, Gateway, Customer.PublicKey, out var secret, out _));
        Assert.True(secret.IsEmpty);
    }

    [Theory]
    [InlineData("00", 2, "too short")]
    [InlineData("0", 2, "hexadecimal")]
    [InlineData("0g", 0, "hexadecimal")]
    [InlineData("0é", 0, "hexadecimal")]
    public void An_implausible_text_needs_no_key_to_be_refused(string hex, int version, string reason)
    {
        Assert.False(SealedSecret.IsPlausible(hex, version, out var fault));
        Assert.Contains(reason, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_longer_than_the_bound_is_refused()
    {
        Assert.False(SealedSecret.IsPlausible(new string('0', 4096), 2, out var fault));
        Assert.Contains("too long", fault, StringComparison.Ordinal);
        Assert.True(SealedSecret.IsPlausible(new string('0', 2 * (40 + SealedSecret.MaxPlainLength)), 2, out _));
    }

    [Fact]
    public void A_sender_of_low_order_shares_no_secret()
    {
        Assert.True(PublicKey.TryFromHex("01".PadRight(64, '0'), out var neutral));
        Assert.False(SealedSecret.TryDecrypt(new string('0', 96), 2, Gateway, neutral, out _, out _));
        Assert.Throws<ArgumentException>(() => SealedSecret.Encrypt(new Secret("x"), Customer, neutral));
    }

    [Fact]
    public void A_secret_belongs_to_the_user_whose_id_it_begins_with()
    {
        foreach (var one in File.GetProperty("secret_validation").EnumerateArray().Where(one => Text(one, "domain").Length > 0))
        {
            var user = long.Parse(Text(one, "user"), null);
            Assert.Equal(one.GetProperty("ok").GetBoolean(), SealedSecret.IsWellFormed(new Secret(Text(one, "secret")), user, out _));
        }
    }

    private static string Open(string hex, int version, Identity gateway, PublicKey? sender)
    {
        Assert.True(SealedSecret.TryDecrypt(hex, version, gateway, sender, out var secret, out var fault), fault);
        return secret.Reveal();
    }

    private static string Text(JsonElement one, string name) => one.GetProperty(name).GetString()!;
}
