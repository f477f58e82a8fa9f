using Gateway.Transport.Yamux;
using Gateway.Transport.Yamux.Frames;
using Xunit;

namespace Gateway.UnitTests.Transport.Yamux;

/// <summary>A peer that breaks the rules, one by one: the session ends with a reason, or the stream does, and nothing throws.</summary>
public sealed class HostilePeerTests
{
    [Theory]
    [InlineData("010000000000000100000000", "a frame of another version")]
    [InlineData("000900000000000100000000", "a frame of an unknown kind")]
    [InlineData("000000000000000000000000", "a frame of this kind on this stream id")]
    [InlineData("474554202f20485454502f31", "a frame of another version")]
    [InlineData("5353482d322e302d4f70656e", "a frame of another version")]
    [InlineData("160301020001000200030000", "a frame of another version")]
    [Trait("adv", "T7")]
    public async Task Another_protocol_ends_the_session(string hex, string phrase)
    {
        await using var peer = new RawPeer();
        await peer.SendAsync(Convert.FromHexString(hex));
        await peer.ExpectProtocolErrorAsync(phrase);
    }

    [Theory]
    [InlineData(YamuxRole.Server, 2)]
    [InlineData(YamuxRole.Client, 1)]
    public async Task A_stream_opened_with_an_id_of_ours_ends_the_session(YamuxRole role, uint id)
    {
        await using var peer = new RawPeer(role);
        await peer.SynAsync(id);
        await peer.ExpectProtocolErrorAsync("a stream opened with an id of ours");
    }

    [Fact]
    public async Task A_stream_opened_twice_ends_the_session()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        await peer.SynAsync(1);
        await peer.ExpectProtocolErrorAsync("a stream opened twice");
    }

    [Fact]
    public async Task More_data_than_the_credit_ends_the_session()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        await peer.DataAsync(1, new byte[262_144]);
        await peer.SendAsync(FrameKind.Data, FrameFlags.None, 1, 1);
        await peer.ExpectProtocolErrorAsync("more data than its credit");
    }

    [Fact]
    public async Task A_frame_that_claims_four_gigabytes_ends_the_session_before_they_come()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        await peer.SendAsync(FrameKind.Data, FrameFlags.None, 1, uint.MaxValue);
        await peer.ExpectProtocolErrorAsync("more data than its credit");
    }

    [Fact]
    public async Task A_huge_frame_for_an_unknown_stream_ends_the_session()
    {
        await using var peer = new RawPeer();
        await peer.SendAsync(FrameKind.Data, FrameFlags.None, 7, uint.MaxValue);
        await peer.ExpectProtocolErrorAsync("more data than its credit");
    }

    [Fact]
    public async Task Credit_beyond_32_bits_ends_the_session()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        await peer.SendAsync(FrameKind.WindowUpdate, FrameFlags.None, 1, uint.MaxValue);
        await peer.ExpectProtocolErrorAsync("more credit than 32 bits hold");
    }

    [Theory]
    [InlineData(nameof(FrameKind.WindowUpdate))]
    [InlineData(nameof(FrameKind.Data))]
    public async Task A_stream_ended_twice_ends_the_session(string kind)
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        await peer.SendAsync(Enum.Parse<FrameKind>(kind), FrameFlags.Fin, 1, 0);
        await peer.SendAsync(Enum.Parse<FrameKind>(kind), FrameFlags.Fin, 1, 0);
        await peer.ExpectProtocolErrorAsync("a stream ended twice");
    }

    [Fact]
    public async Task Data_after_the_end_costs_that_stream_alone()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        await peer.SynAsync(3);
        var first = await peer.AcceptedAsync();
        var second = await peer.AcceptedAsync();
        await peer.SendAsync(FrameKind.WindowUpdate, FrameFlags.Fin, 1, 0);
        await peer.DataAsync(1, [1]);
        Assert.Equal(new FrameHeader(FrameKind.WindowUpdate, FrameFlags.Rst, 1, 0), await peer.NextHeaderAsync());
        await Assert.ThrowsAsync<IOException>(async () => await first.WriteAsync(new byte[1], CancellationToken.None));
        await peer.DataAsync(3, [7]);
        Assert.Equal(1, await second.ReadAsync(new byte[8], CancellationToken.None));
    }

    [Theory]
    [InlineData(1, "the peer reports a protocol error")]
    [InlineData(2, "the peer reports an internal error")]
    [InlineData(99, "the peer reports an internal error")]
    public async Task A_go_away_with_a_code_ends_the_session(uint code, string phrase)
    {
        await using var peer = new RawPeer();
        await peer.SendAsync(FrameKind.GoAway, FrameFlags.None, 0, code);
        Assert.Equal(new YamuxEnd(YamuxEndReason.PeerComplained, phrase), await peer.EndedAsync());
    }

    [Fact]
    public async Task Frames_for_streams_that_are_unknown_are_drained()
    {
        await using var peer = new RawPeer();
        await peer.DataAsync(41, new byte[1000], FrameFlags.Fin);
        await peer.SendAsync(FrameKind.WindowUpdate, FrameFlags.Rst, 43, 5);
        await peer.SendAsync(FrameKind.Ping, FrameFlags.Syn, 0, 77);
        Assert.Equal(new FrameHeader(FrameKind.Ping, FrameFlags.Ack, 0, 77), await peer.NextHeaderAsync());
    }

    [Fact]
    [Trait("adv", "T3")]
    public async Task The_257th_stream_that_nobody_accepted_is_reset()
    {
        await using var peer = new RawPeer();
        for (uint i = 0; i < 257; i++) await peer.SynAsync(1 + (2 * i));
        Assert.Equal(new FrameHeader(FrameKind.WindowUpdate, FrameFlags.Rst, 513, 0), await peer.NextHeaderAsync());
        // The peer is told first.
        await peer.UntilAsync(() => peer.Session.Streams == 256);
    }

    [Fact]
    [Trait("adv", "T3")]
    public async Task The_stream_beyond_the_limit_is_reset()
    {
        await using var peer = new RawPeer(options: new YamuxOptions { MaxStreams = 2 });
        await peer.SynAsync(1);
        await peer.SynAsync(3);
        await peer.SynAsync(5);
        Assert.Equal(new FrameHeader(FrameKind.WindowUpdate, FrameFlags.Rst, 5, 0), await peer.NextHeaderAsync());
        Assert.Null(await peer.Session.OpenAsync(CancellationToken.None));
    }

    [Fact]
    [Trait("adv", "T3")]
    public async Task Opened_and_reset_a_hundred_thousand_times_nothing_is_kept()
    {
        await using var peer = new RawPeer();
        for (uint id = 1; id < 200_000; id += 2)
        {
            await peer.SynAsync(id);
            await peer.SendAsync(FrameKind.WindowUpdate, FrameFlags.Rst, id, 0);
        }
        await peer.SendAsync(FrameKind.Ping, FrameFlags.Syn, 0, 1);
        while ((await peer.NextHeaderAsync()).Kind != FrameKind.Ping)
        {
        }
        Assert.Equal(0, peer.Session.Streams);
        await peer.SynAsync(200_001);
        Assert.Equal(200_001u, (await peer.Session.AcceptAsync(CancellationToken.None))!.Id);
    }

    [Fact]
    [Trait("adv", "T3")]
    public async Task A_flood_of_pings_that_reads_no_answer_is_not_read_either()
    {
        await using var peer = new RawPeer(capacity: 4096);
        var ping = new byte[FrameHeader.Size * 4096];
        for (var at = 0; at < ping.Length; at += FrameHeader.Size) new FrameHeader(FrameKind.Ping, FrameFlags.Syn, 0, 1).Write(ping.AsSpan(at));
        // 100 MB of answers would pile up if the session went on reading.
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        var flood = FloodAsync(peer, ping, enough.Token);
        Assert.True(await flood < 2048, "the session read on");
    }

    [Fact]
    [Trait("adv", "T4")]
    public async Task The_fullest_stream_goes_when_a_session_holds_too_much()
    {
        await using var peer = new RawPeer(options: new YamuxOptions { MaxBuffered = 300_000 });
        await peer.SynAsync(1);
        await peer.SynAsync(3);
        var hoarder = await peer.AcceptedAsync();
        var modest = await peer.AcceptedAsync();
        await peer.DataAsync(1, new byte[250_000]);
        await peer.DataAsync(3, new byte[60_000]);
        Assert.Equal(new FrameHeader(FrameKind.WindowUpdate, FrameFlags.Rst, 1, 0), await peer.NextHeaderAsync());
        await Assert.ThrowsAsync<IOException>(async () => await hoarder.ReadAsync(new byte[1], CancellationToken.None));
        Assert.Equal(100, await modest.ReadAsync(new byte[100], CancellationToken.None));
        Assert.Equal(59_900, peer.Session.Budget.Used);
    }

    private static async Task<int> FloodAsync(RawPeer peer, byte[] bytes, CancellationToken enough)
    {
        for (var sent = 0; ; sent++)
        {
            var sending = peer.SendAsync(bytes);
            await Task.WhenAny(sending, Task.Delay(Timeout.Infinite, enough));
            if (!sending.IsCompleted) return sent;
            await sending;
            if (enough.IsCancellationRequested) return int.MaxValue;
        }
    }
}
