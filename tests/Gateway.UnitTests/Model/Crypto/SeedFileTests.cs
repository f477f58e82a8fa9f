using System.Text;
using Gateway.Model.Crypto;
using Xunit;

namespace Gateway.UnitTests.Model.Crypto;

public sealed class SeedFileTests
{
    private static readonly byte[] Seed = "12345678901234567890123456789012"u8.ToArray();

    [Fact]
    public void Every_recorded_file_is_read_and_written_octet_for_octet()
    {
        foreach (var entry in Vectors.Read("identity.json").GetProperty("entries").EnumerateArray())
        {
            var raw = Convert.FromHexString(entry.GetProperty("seed_file_v1_0_0_hex").GetString()!);
            var words = Encoding.UTF8.GetBytes(entry.GetProperty("seed_file_v1_1_0_text").GetString()!);
            var id = entry.GetProperty("identity_base58").GetString();
            Assert.Equal((id, 0), Read(raw));
            Assert.Equal((id, 7), Read(words));
            Assert.True(SeedFile.TryDecode(words, out var file, out _));
            Assert.Equal(raw, file.EncodeForGateway());
            Assert.Equal(words, file.EncodeForUser());
        }
    }

    [Fact]
    public void The_file_of_the_original_program_is_read()
    {
        var recorded = Vectors.Read("identity.json").GetProperty("seed_file_v1_0_0_from_zos_test");
        var bytes = Convert.FromBase64String(recorded.GetProperty("file_base64").GetString()!);
        Assert.Equal((recorded.GetProperty("identity_base58").GetString(), 0), Read(bytes));
    }

    [Fact]
    public void A_raw_seed_is_read_with_and_without_the_version_that_an_old_fault_put_before_it()
    {
        Assert.Equal(("4CcKDtU1JNGi8U4D8Rv9CHzfmF7xzaxEAPFA54eQjRHF", 0), Read(Seed));
        Assert.Equal(("4CcKDtU1JNGi8U4D8Rv9CHzfmF7xzaxEAPFA54eQjRHF", 0), Read([.. "\"1.1.0\""u8, .. Seed]));
    }

    [Fact]
    public void White_space_around_the_JSON_does_not_matter()
    {
        var text = Encoding.UTF8.GetString(new SeedFile(Identity.FromSeed(Seed), 9).EncodeForUser()).Replace("{", "\n { ", StringComparison.Ordinal) + "\n";
        Assert.Equal(("4CcKDtU1JNGi8U4D8Rv9CHzfmF7xzaxEAPFA54eQjRHF", 9), Read(Encoding.UTF8.GetBytes(text)));
    }

    [Theory]
    [InlineData("", "no identity file")]
    [InlineData("hello", "no identity file")]
    [InlineData("\"1.0.0\"", "no identity file")]
    [InlineData("\"1.0.0\"12345678901234567890123456789012\n", "truncate")]
    [InlineData("\"1.0.0\"1234567890", "wrong size 10")]
    [InlineData("\"2.0.0\"12345678901234567890123456789012", "unknown seed version 2.0.0")]
    [InlineData("\"1.1.0\"{\"mnemonic\":\"couple muscle", "expected JSON")]
    [InlineData("\"1.1.0\"{\"threebotid\":7}", "expected JSON")]
    [InlineData("\"1.1.0\"{\"mnemonic\":\"half half half\"}", "3 words")]
    [InlineData("\"1.1.0\"{\"mnemonic\":\"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon xyzzy\"}", "word 12")]
    public void A_damaged_file_is_refused_with_the_reason(string text, string reason)
    {
        Assert.False(SeedFile.TryDecode(Encoding.UTF8.GetBytes(text), out _, out var fault));
        Assert.Contains(reason, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("couple", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void No_octets_whatever_make_the_reader_throw()
    {
        var random = new Random(1);
        var whole = new SeedFile(Identity.FromSeed(Seed), 7).EncodeForUser();
        for (var i = 0; i < 2000; i++)
        {
            var bytes = whole[..random.Next(whole.Length + 1)].ToArray();
            if (bytes.Length > 0) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            Assert.Equal(SeedFile.TryDecode(bytes, out var file, out var fault), file is not null && fault.Length == 0);
        }
    }

    private static (string? Id, long User) Read(byte[] bytes)
    {
        Assert.True(SeedFile.TryDecode(bytes, out var file, out var fault), fault);
        return (file.Identity.Id, file.User);
    }
}
