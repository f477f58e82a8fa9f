using System.Net;
using System.Text;
using Gateway.Transport.ProxyProtocol;
using Xunit;

namespace Gateway.UnitTests.Transport.ProxyProtocol;

[Trait("adv", "H8")]
public sealed class ProxyHeaderTests
{
    private static readonly ProxyHeader V4 = new(IPEndPoint.Parse("192.0.2.1:56324"), IPEndPoint.Parse("198.51.100.1:443"));
    private static readonly ProxyHeader V6 = new(IPEndPoint.Parse("[2001:db8::1]:56324"), IPEndPoint.Parse("[2001:db8::2]:443"));

    [Fact]
    public void The_line_of_the_specification_is_written_and_read()
    {
        var line = "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n";
        Assert.Equal(line, Encoding.ASCII.GetString(V4.Write(ProxyVersion.One)));
        Assert.Equal((ProxyParse.Found, V4, line.Length), Read(Encoding.ASCII.GetBytes(line + "PROXY TCP4 again")));
    }

    [Fact]
    public void The_binary_header_is_written_and_read_byte_for_byte()
    {
        var bytes = V4.Write(ProxyVersion.Two, "a.example");
        Assert.Equal("0D0A0D0A000D0A515549540A21110018" + "C0000201C6336401DC0401BB" + "020009" + Convert.ToHexString("a.example"u8), Convert.ToHexString(bytes));
        Assert.Equal((ProxyParse.Found, V4, bytes.Length), Read([.. bytes, 22, 3, 1]));
    }

    [Theory]
    [InlineData(ProxyVersion.One)]
    [InlineData(ProxyVersion.Two)]
    public void IPv6_and_mixed_and_unknown_ends_come_back(ProxyVersion version)
    {
        Assert.Equal(V6, Read(V6.Write(version)).Header);
        var mixed = new ProxyHeader(V4.Source, V6.Destination);
        Assert.Equal("::ffff:192.0.2.1", Read(mixed.Write(version)).Header.Source!.Address.ToString());
        Assert.Equal((ProxyParse.Found, default), (Read(default(ProxyHeader).Write(version)).Parse, Read(default(ProxyHeader).Write(version)).Header));
    }

    [Theory]
    [InlineData(ProxyVersion.One)]
    [InlineData(ProxyVersion.Two)]
    public void A_header_in_pieces_is_found_at_its_last_byte(ProxyVersion version)
    {
        var bytes = V6.Write(version, "a.example");
        for (var length = 0; length < bytes.Length; length++) Assert.Equal(ProxyParse.NeedMore, Read(bytes[..length]).Parse);
        Assert.Equal(ProxyParse.Found, Read(bytes).Parse);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("\u0016\u0003\u0001")]
    [InlineData("proxy TCP4 192.0.2.1 198.51.100.1 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n")]
    [InlineData("PROXY TCP4 192.0.2.1  198.51.100.1 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.1 1 65536\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.1 01 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.1 -1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2 198.51.100.1 1 2\r\n")]
    [InlineData("PROXY TCP4 ::1 198.51.100.1 1 2\r\n")]
    [InlineData("PROXY TCP6 192.0.2.1 198.51.100.1 1 2\r\n")]
    [InlineData("PROXY TCP6 fe80::1%1 ::1 1 2\r\n")]
    [InlineData("PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n")]
    [InlineData("PROXY \r\n")]
    public void What_is_no_header_is_malformed(string text) => Assert.Equal(ProxyParse.Malformed, Read(Encoding.Latin1.GetBytes(text)).Parse);

    [Fact]
    public void A_line_has_107_bytes_at_most()
    {
        Assert.Equal(ProxyParse.Found, Read(Encoding.ASCII.GetBytes("PROXY UNKNOWN " + new string('x', 91) + "\r\n")).Parse);
        Assert.Equal(ProxyParse.Malformed, Read(Encoding.ASCII.GetBytes("PROXY UNKNOWN " + new string('x', 92) + "\r\n")).Parse);
        Assert.Equal(ProxyParse.Malformed, Read(Encoding.ASCII.GetBytes("PROXY UNKNOWN " + new string('x', 200))).Parse);
    }

    [Fact]
    public void Broken_binary_headers_are_malformed()
    {
        var good = V4.Write(ProxyVersion.Two, "a.example");
        foreach (var (at, value) in new (int, byte)[] { (12, 0x11), (12, 0x22), (13, 0x12), (13, 0x31), (14, 0xFF), (29, 0xFF) })
        {
            var bytes = (byte[])good.Clone();
            bytes[at] = value;
            Assert.Equal(ProxyParse.Malformed, Read(bytes).Parse);
        }

        // Too short for its addresses.
        Assert.Equal(ProxyParse.Malformed, Read([.. good[..14], 0, 4, 1, 2, 3, 4]).Parse);
    }

    [Fact]
    public void Mutated_headers_never_throw()
    {
        var random = new Random(20201);
        byte[][] seeds = [V4.Write(ProxyVersion.One), V6.Write(ProxyVersion.One), V4.Write(ProxyVersion.Two, "a.example"), V6.Write(ProxyVersion.Two)];
        for (var round = 0; round < 100_000; round++)
        {
            var bytes = (byte[])seeds[round % seeds.Length].Clone();
            for (var change = random.Next(1, 4); change > 0; change--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var (parse, _, used) = Read(bytes[..random.Next(bytes.Length + 1)]);
            Assert.True(parse != ProxyParse.Found || used <= bytes.Length);
        }
    }

    private static (ProxyParse Parse, ProxyHeader Header, int Used) Read(byte[] bytes)
    {
        var parse = ProxyHeader.TryRead(bytes, out var header, out var used);
        return (parse, header, used);
    }
}
