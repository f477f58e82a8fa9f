using System.Security.Cryptography;
using System.Text;
using Gateway.Store;
using Gateway.Store.Files;
using Xunit;

namespace Gateway.UnitTests.Store;

public sealed class LastKnownGoodFormatTests
{
    private static readonly DateTimeOffset SavedAt = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123);

    private static readonly StoredValue[] Values =
    [
        new("gw.test.", "www", Encoding.UTF8.GetBytes("""{"a":[{"ip":"192.0.2.1"}]}""")),
        new("gw.test.", "", Array.Empty<byte>()),
        new("/tcprouter/service/é.test", null, new byte[] { 0, 255, 10, 13 }),
    ];

    [Fact]
    public async Task What_was_saved_is_loaded()
    {
        Assert.True(LastKnownGoodFormat.TryDecode(await EncodeAsync(Values), out var values, out var savedAt, out _));
        Assert.Equal(SavedAt, savedAt);
        Assert.Equal(Values.Select(Text), values.Select(Text));
    }

    [Fact]
    public async Task Nothing_and_much_are_saved_too()
    {
        Assert.True(LastKnownGoodFormat.TryDecode(await EncodeAsync([]), out var none, out _, out _));
        Assert.Empty(none);
        StoredValue[] many = [.. Enumerable.Range(0, 20_000).Select(i => new StoredValue("zone.", $"name{i}", new byte[i % 300]))];
        Assert.True(LastKnownGoodFormat.TryDecode(await EncodeAsync(many), out var values, out _, out _));
        Assert.Equal(many.Select(Text), values.Select(Text));
    }

    [Fact]
    [Trait("adv", "R7")]
    public async Task A_file_that_is_damaged_in_any_one_bit_is_refused()
    {
        var file = await EncodeAsync(Values);
        for (var bit = 0; bit < file.Length * 8; bit++)
        {
            var damaged = (byte[])file.Clone();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(LastKnownGoodFormat.TryDecode(damaged, out var values, out _, out var fault), $"bit {bit}");
            Assert.Null(values);
            Assert.NotEmpty(fault);
        }
    }

    [Fact]
    [Trait("adv", "R7")]
    public async Task A_file_that_is_cut_short_or_goes_on_is_refused()
    {
        var file = await EncodeAsync(Values);
        for (var length = 0; length < file.Length; length++) Assert.False(LastKnownGoodFormat.TryDecode(file.AsMemory(0, length), out _, out _, out _), $"{length} bytes");
        Assert.False(LastKnownGoodFormat.TryDecode((byte[])[.. file, 0], out _, out _, out _));
    }

    [Theory]
    [InlineData("gwlkg002", "it is of another version (002)")]
    [InlineData("somethin", "it is another kind of file")]
    public void Another_file_is_told_apart(string mark, string fault)
    {
        Assert.False(LastKnownGoodFormat.TryDecode(Sealed([.. Encoding.ASCII.GetBytes(mark), .. new byte[9]]), out _, out _, out var told));
        Assert.Equal(fault, told);
    }

    [Theory]
    [InlineData("00")]
    [InlineData("01 FFFFFF7F 61 00")]
    [InlineData("01 FEFFFFFF 00000000 00000000 00")]
    [InlineData("01 01000000 61 FEFFFFFF 00000000 00")]
    [InlineData("01 01000000 61 FFFFFFFF 05000000 61 00")]
    [InlineData("01 01000000 61 FFFFFFFF")]
    [InlineData("02")]
    [InlineData("00 00")]
    public void Lengths_that_lie_are_refused_even_under_a_good_checksum(string body)
    {
        var bytes = Convert.FromHexString(body.Replace(" ", "", StringComparison.Ordinal));
        var decoded = LastKnownGoodFormat.TryDecode(Sealed([.. "gwlkg001"u8, .. new byte[8], .. bytes]), out _, out _, out _);
        Assert.Equal(body is "00", decoded);
    }

    private static byte[] Sealed(byte[] body) => [.. body, .. SHA256.HashData(body)];

    private static async Task<byte[]> EncodeAsync(StoredValue[] values)
    {
        using var file = new MemoryStream();
        await LastKnownGoodFormat.EncodeAsync(file, values.ToAsyncEnumerable(), SavedAt, CancellationToken.None);
        return file.ToArray();
    }

    private static string Text(StoredValue value) => $"{value.Key}|{value.Field ?? "-"}|{Convert.ToHexString(value.Value.Span)}";
}
