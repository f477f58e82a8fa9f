using System.Text.Json;
using Gateway.Model;
using Gateway.Transport.Handshakes;
using Gateway.Transport.Yamux;
using Gateway.Transport.Yamux.Frames;
using Gateway.UnitTests.Transport.Yamux;
using Xunit;

namespace Gateway.UnitTests.Transport.Handshakes;

public sealed class TunnelHandshakeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static TheoryData<string, string> Recorded()
    {
        var data = new TheoryData<string, string>();
        foreach (var vector in Vectors.Read("tunnel.json").GetProperty("handshake").EnumerateArray())
            data.Add(vector.GetProperty("secret_utf8").GetString()!, vector.GetProperty("bytes_hex").GetString()!);
        return data;
    }

    [Theory]
    [MemberData(nameof(Recorded))]
    public void A_handshake_is_written_and_read_as_recorded(string secret, string hex)
    {
        var bytes = Convert.FromHexString(hex);
        if (secret.Length == 0)
        {
            // An empty secret proves nothing.
            Assert.Throws<ArgumentException>(() => TunnelHandshake.Encode(new Secret(secret)));
            Assert.Equal(HandshakeParse.Malformed, TunnelHandshake.TryDecode(bytes, out _, out _));
            return;
        }
        Assert.Equal(bytes, TunnelHandshake.Encode(new Secret(secret)));
        Assert.Equal(HandshakeParse.Found, TunnelHandshake.TryDecode([.. bytes, 1, 2], out var read, out var used));
        Assert.Equal(secret, read.Reveal());
        Assert.Equal(bytes.Length, used);
        for (var length = 0; length < bytes.Length; length++) Assert.Equal(HandshakeParse.NeedMore, TunnelHandshake.TryDecode(bytes.AsSpan(0, length), out _, out _));
    }

    [Theory]
    [InlineData("10")]
    [InlineData("1110")]
    [InlineData("474554202f")]
    [InlineData("1603010200")]
    [InlineData("11110001ff")]
    [Trait("adv", "T7")]
    public void What_is_no_handshake_is_refused(string hex) =>
        Assert.Equal(HandshakeParse.Malformed, TunnelHandshake.TryDecode(Convert.FromHexString(hex), out _, out _));

    [Fact]
    public void A_secret_longer_than_its_length_field_is_refused() =>
        Assert.Throws<ArgumentException>(() => TunnelHandshake.Encode(new Secret(new string('x', 65_536))));

    [Fact]
    public void The_longest_secret_goes_through()
    {
        var secret = new string('x', 65_535);
        Assert.Equal(HandshakeParse.Found, TunnelHandshake.TryDecode(TunnelHandshake.Encode(new Secret(secret)), out var read, out _));
        Assert.Equal(secret, read.Reveal());
    }

    [Fact]
    public async Task The_recorded_session_of_a_stock_client_is_understood()
    {
        await using var peer = new RawPeer(YamuxRole.Server);
        var session = Vectors.Read("tunnel.json").GetProperty("session");
        foreach (var hex in Sent(session, "c2s").Take(3)) await peer.SendAsync(hex);
        var offer = await TunnelHandshake.ReceiveAsync(peer.Session, CancellationToken.None).WaitAsync(Patience);
        Assert.Equal("7:s3cr3t", offer!.Secret.Reveal());
        Assert.Null(offer.Hello);
        Assert.Equal(new FrameHeader(FrameKind.WindowUpdate, FrameFlags.Ack, 1, 0), await peer.NextHeaderAsync());
        Assert.Equal(Sent(session, "s2c").First(), Bytes(await peer.NextHeaderAsync()));

        var stream = await peer.OpenedAsync();
        await stream.WriteAsync("GET / HTTP/1.1\r\nHost: a.gw.example.com\r\nConnection: close\r\n\r\n"u8.ToArray(), CancellationToken.None);
        var (header, payload) = await peer.NextAsync();
        Assert.Equal(Sent(session, "s2c").ElementAt(2), (byte[])[.. Bytes(header), .. payload]);
        foreach (var hex in Sent(session, "c2s").Skip(3).Take(3)) await peer.SendAsync(hex);
        var answer = new byte[100];
        var read = await stream.ReadAsync(answer, CancellationToken.None);
        Assert.EndsWith("\r\n\r\nok", System.Text.Encoding.ASCII.GetString(answer, 0, read));
        Assert.Equal(0, await stream.ReadAsync(answer, CancellationToken.None));
        await stream.EndAsync(CancellationToken.None);
        Assert.Equal(Sent(session, "s2c").ElementAt(3), Bytes(await peer.NextHeaderAsync()));
    }

    [Fact]
    public async Task Our_client_writes_what_a_stock_client_writes()
    {
        await using var peer = new RawPeer(YamuxRole.Client);
        var offering = TunnelHandshake.OfferAsync(peer.Session, new Secret("7:s3cr3t"), CancellationToken.None);
        foreach (var expected in Sent(Vectors.Read("tunnel.json").GetProperty("session"), "c2s").Take(3))
        {
            var (header, payload) = await peer.NextAsync();
            Assert.Equal(expected, (byte[])[.. Bytes(header), .. payload]);
        }
        Assert.False(offering.IsCompleted);
        // A stock server may send its end without ever having acknowledged the stream.
        await peer.SendAsync(FrameKind.WindowUpdate, FrameFlags.Fin, 1, 0);
        await offering.WaitAsync(Patience);
        Assert.Equal(0, peer.Session.Streams);
    }

    [Fact]
    [Trait("adv", "T7")]
    public async Task A_stream_that_brings_no_handshake_is_none()
    {
        await using var peer = new RawPeer(YamuxRole.Server);
        await peer.SynAsync(1);
        await peer.DataAsync(1, "GET / HTTP/1.1"u8.ToArray());
        Assert.Null(await TunnelHandshake.ReceiveAsync(peer.Session, CancellationToken.None).WaitAsync(Patience));
    }

    [Fact]
    [Trait("adv", "T7")]
    public async Task A_handshake_that_ends_early_or_a_session_that_does_is_none()
    {
        await using var peer = new RawPeer(YamuxRole.Server);
        await peer.SynAsync(1);
        await peer.DataAsync(1, [0x11, 0x11, 0, 9, 1], FrameFlags.Fin);
        Assert.Null(await TunnelHandshake.ReceiveAsync(peer.Session, CancellationToken.None).WaitAsync(Patience));
        await peer.EndAsync();
        Assert.Null(await TunnelHandshake.ReceiveAsync(peer.Session, CancellationToken.None).WaitAsync(Patience));
    }

    private static IEnumerable<byte[]> Sent(JsonElement session, string direction) =>
        session.EnumerateArray().Where(step => step.GetProperty("dir").GetString() == direction).Select(step => Convert.FromHexString(step.GetProperty("hex").GetString()!));

    private static byte[] Bytes(FrameHeader header)
    {
        var bytes = new byte[FrameHeader.Size];
        header.Write(bytes);
        return bytes;
    }
}
