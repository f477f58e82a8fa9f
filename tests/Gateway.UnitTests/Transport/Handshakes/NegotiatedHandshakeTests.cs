using System.Net;
using Gateway.Model;
using Gateway.Transport.Handshakes;
using Gateway.Transport.ProxyProtocol;
using Xunit;

namespace Gateway.UnitTests.Transport.Handshakes;

public sealed class NegotiatedHandshakeTests
{
    private static readonly TunnelHello Hello = new(new Secret("7:s3cr3t"), "web-1", ServedTraffic.Tls, TunnelFeatures.HandsOnAddresses);

    [Fact]
    public void A_hello_is_written_as_documented()
    {
        // docs/tunnel-protocol.md shows these bytes.
        const string Documented = "1112" + "0022" + "0001" + "0008" + "373a733363723374" + "0002" + "0005" + "7765622d31" + "0003" + "0001" + "01" + "0004" + "0004" + "00000001";
        Assert.Equal(Documented, Convert.ToHexStringLower(Hello.Encode()));
    }

    [Fact]
    public void A_hello_is_read_as_it_was_written_however_it_is_cut()
    {
        var bytes = Hello.Encode();
        for (var length = 0; length < bytes.Length; length++) Assert.Equal(HandshakeParse.NeedMore, TunnelHello.TryDecode(bytes.AsSpan(0, length), out _, out _, out _));
        Assert.Equal(HandshakeParse.Found, TunnelHello.TryDecode([.. bytes, 9], out var read, out var unknown, out var used));
        Assert.Equal((Hello, 0, bytes.Length), (read, unknown, used));
    }

    [Fact]
    public void Fields_that_are_not_known_are_passed_over_unless_the_peer_insists()
    {
        byte[] secret = [0, 1, 0, 1, (byte)'x'], later = [0, 77, 0, 2, 1, 2], critical = [0x80, 77, 0, 0];
        Assert.Equal(HandshakeParse.Found, TunnelHello.TryDecode(Message(later, secret), out var hello, out var unknown, out _));
        Assert.Equal(("x", "", ServedTraffic.Any, TunnelFeatures.None, 0), (hello.Secret.Reveal(), hello.Name, hello.Serves, hello.Features, unknown));
        Assert.Equal(HandshakeParse.Found, TunnelHello.TryDecode(Message(secret, critical), out _, out unknown, out _));
        Assert.Equal(0x804D, unknown);
    }

    [Fact]
    public void The_id_of_a_visitor_is_one_short_plain_word_whatever_the_peer_wrote()
    {
        byte[] hostile = [.. "PROXY\n\u001b[2J"u8, .. Enumerable.Repeat((byte)'x', 300)];
        byte[] tlv = [5, (byte)(hostile.Length >> 8), (byte)hostile.Length, .. hostile];
        byte[] header = [.. "\r\n\r\n\0\r\nQUIT\n"u8, 0x20, 0, (byte)(tlv.Length >> 8), (byte)tlv.Length, .. tlv];
        Assert.Equal(ProxyParse.Found, VisitorHeader.TryRead(header, out var read, out _));
        Assert.StartsWith("PROXY  [2Jx", read.Id, StringComparison.Ordinal);
        Assert.Equal(128, read.Id.Length);
    }

    [Fact]
    [Trait("adv", "T7")]
    public void What_is_no_hello_is_refused()
    {
        Assert.Equal(HandshakeParse.Malformed, Parse("1111"));
        Assert.Equal(HandshakeParse.Malformed, Parse("474554"));
        Assert.Equal(HandshakeParse.Malformed, Parse("11120000"));
        Assert.Equal(HandshakeParse.Malformed, Parse("1112" + "0004" + "00010000"));
        Assert.Equal(HandshakeParse.Malformed, Parse("1112" + "0005" + "0001000278"));
        Assert.Equal(HandshakeParse.Malformed, Parse("1112" + "0003" + "000100"));
        Assert.Equal(HandshakeParse.Malformed, Parse("1112" + "0005" + "00010001ff"));
    }

    [Fact]
    [Trait("adv", "T9")]
    public void A_name_cannot_write_on_the_operators_terminal_and_has_an_end()
    {
        var rude = Hello with { Name = "a\u001b[2J\n\u202e" + new string('x', 100) };
        Assert.Equal(HandshakeParse.Found, TunnelHello.TryDecode(rude.Encode(), out var read, out _, out _));
        Assert.DoesNotContain(read.Name, char.IsControl);
        Assert.StartsWith("a [2J  x", read.Name, StringComparison.Ordinal);
        Assert.True(read.Name.Length <= TunnelHello.MaxName + 2);
    }

    [Fact]
    public void An_answer_is_read_as_it_was_written()
    {
        TunnelAnswer[] answers = [TunnelAnswer.Accept(12, TunnelFeatures.HandsOnAddresses), TunnelAnswer.Refuse(TunnelRefusal.Unknown, TimeSpan.FromSeconds(3))];
        foreach (var answer in answers)
        {
            var bytes = answer.Encode();
            for (var length = 0; length < bytes.Length; length++) Assert.Equal(HandshakeParse.NeedMore, TunnelAnswer.TryDecode(bytes.AsSpan(0, length), out _, out _));
            Assert.Equal(HandshakeParse.Found, TunnelAnswer.TryDecode(bytes, out var read, out _));
            Assert.Equal(answer, read);
        }
    }

    [Fact]
    public void A_refusal_of_a_later_version_reads_as_try_again()
    {
        Assert.Equal(HandshakeParse.Found, TunnelAnswer.TryDecode(Message([0, 1, 0, 1, 99]), out var answer, out _));
        Assert.Equal(TunnelRefusal.Busy, answer.Refusal);
    }

    [Fact]
    public async Task Notices_follow_each_other_on_a_stream()
    {
        var (left, right) = MemoryDuplex.Pair(seed: 7, largest: 3);
        await left.WriteAsync((byte[])[.. TunnelNotice.GoingAway(TimeSpan.FromSeconds(3)).Encode(), .. new TunnelNotice((NoticeKind)99, default).Encode(), .. new TunnelNotice(NoticeKind.Tokens, new byte[32]).Encode()], CancellationToken.None);
        await left.EndAsync(CancellationToken.None);
        var first = await TunnelNotice.ReadAsync(right, CancellationToken.None);
        Assert.Equal((NoticeKind.GoingAway, "0003"), (first!.Kind, Convert.ToHexString(first.Content.Span)));
        Assert.Equal((NoticeKind)99, (await TunnelNotice.ReadAsync(right, CancellationToken.None))!.Kind);
        Assert.Equal(32, (await TunnelNotice.ReadAsync(right, CancellationToken.None))!.Content.Length);
        Assert.Null(await TunnelNotice.ReadAsync(right, CancellationToken.None));
    }

    [Theory]
    [InlineData("192.0.2.7", "198.51.100.1", "hello.gw.test", true, "8F3A0012000001")]
    [InlineData("2001:db8::7", "2001:db8::1", "", false, "8F3A0012000002")]
    [InlineData(null, null, "x", true, "")]
    [InlineData(null, null, "", false, "")]
    public void A_visitors_header_is_read_as_it_was_written(string? source, string? destination, string name, bool isTls, string id)
    {
        var header = new VisitorHeader(new ProxyHeader(End(source, 5), End(destination, 443)), name, isTls, id);
        var bytes = header.Write();
        for (var length = 0; length < bytes.Length; length++) Assert.Equal(ProxyParse.NeedMore, VisitorHeader.TryRead(bytes.AsSpan(0, length), out _, out _));
        Assert.Equal(ProxyParse.Found, VisitorHeader.TryRead([.. bytes, 1, 2, 3], out var read, out var used));
        Assert.Equal((header, bytes.Length), (read, used));
        // And for everybody else it is a PROXY header like any other.
        Assert.Equal(ProxyParse.Found, ProxyHeader.TryRead(bytes, out var plain, out _));
        Assert.Equal(header.Visitor, plain);
    }

    [Fact]
    [Trait("adv", "T7")]
    public void No_bytes_make_the_readers_throw()
    {
        var random = new Random(11);
        byte[][] seeds = [Hello.Encode(), TunnelAnswer.Accept(1, TunnelFeatures.None).Encode(), new VisitorHeader(default, "x", true).Write()];
        for (var i = 0; i < 30_000; i++)
        {
            var bytes = seeds[i % seeds.Length].ToArray();
            for (var flips = random.Next(4); flips >= 0; flips--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var cut = bytes.AsSpan(0, random.Next(bytes.Length + 1));
            TunnelHello.TryDecode(cut, out _, out _, out _);
            TunnelAnswer.TryDecode(cut, out _, out _);
            VisitorHeader.TryRead(cut, out _, out _);
        }
    }

    private static HandshakeParse Parse(string hex) => TunnelHello.TryDecode(Convert.FromHexString(hex), out _, out _, out _);

    private static byte[] Message(params byte[][] fields)
    {
        byte[] body = [.. fields.SelectMany(field => field)];
        return [0x11, 0x12, 0, (byte)body.Length, .. body];
    }

    private static IPEndPoint? End(string? address, int port) => address is null ? null : new IPEndPoint(IPAddress.Parse(address), port);
}
