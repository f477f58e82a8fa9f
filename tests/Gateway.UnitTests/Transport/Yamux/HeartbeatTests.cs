using Gateway.Transport.Yamux;
using Gateway.Transport.Yamux.Frames;
using Xunit;

namespace Gateway.UnitTests.Transport.Yamux;

public sealed class HeartbeatTests
{
    private readonly FakeTime _time = new();

    [Fact]
    [Trait("adv", "T1")]
    public async Task A_peer_that_falls_silent_is_given_up_within_25_seconds()
    {
        await using var peer = new RawPeer(time: _time);
        await peer.SendAsync(FrameKind.Ping, FrameFlags.Syn, 0, 1);
        await peer.NextHeaderAsync();
        var seconds = await SecondsUntilOverAsync(peer, () => Task.CompletedTask);
        Assert.InRange(seconds, 20, 25);
        Assert.Equal(new YamuxEnd(YamuxEndReason.PeerSilent, "nothing came from the peer"), await peer.EndedAsync());
    }

    [Fact, Trait("adv", "T1")]
    public async Task Whoever_wakes_after_ten_minutes_gives_the_peer_up_at_once()
    {
        await using var peer = new RawPeer(time: _time);
        await peer.SendAsync(FrameKind.Ping, FrameFlags.Syn, 0, 1);
        await peer.NextHeaderAsync();
        await peer.UntilAsync(() => _time.Pending > 0);
        _time.Sleep(TimeSpan.FromMinutes(10));
        Assert.Equal(new YamuxEnd(YamuxEndReason.PeerSilent, "nothing came from the peer"), await peer.EndedAsync());
    }

    [Fact]
    public async Task A_peer_that_answers_lives_on()
    {
        await using var peer = new RawPeer(time: _time);
        for (var i = 0; i < 30; i++)
        {
            await AdvanceAsync(peer, TimeSpan.FromSeconds(10));
            await peer.SendAsync(FrameKind.Ping, FrameFlags.Ack, 0, 0);
            await peer.SendAsync(FrameKind.Ping, FrameFlags.Syn, 0, 1);
            await peer.NextHeaderAsync();
        }
        Assert.False(peer.Running.IsCompleted);
    }

    [Theory, Trait("adv", "T1")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_peer_that_sends_but_never_answers_is_given_up_within_25_seconds(bool hasVisitors)
    {
        await using var peer = new RawPeer(time: _time);
        await peer.SynAsync(1);
        await using var stream = await peer.AcceptedAsync();
        var seconds = await SecondsUntilOverAsync(peer, async () =>
        {
            if (hasVisitors) await stream.WriteAsync(new byte[1000], CancellationToken.None);
            await PingAsync(peer);
        });
        Assert.InRange(seconds, 20, 25);
        Assert.Equal("the peer answers no ping", (await peer.EndedAsync()).Detail);
    }

    [Theory]
    [InlineData("its upload")]
    [InlineData("its credit")]
    [InlineData("our upload")]
    public async Task A_reply_that_may_be_late_behind_payload_has_two_minutes(string before)
    {
        await using var peer = new RawPeer(time: _time);
        await peer.SynAsync(1);
        await using var stream = await peer.AcceptedAsync();
        if (before == "our upload") await stream.WriteAsync(new byte[100_000], CancellationToken.None);
        var buffer = new byte[8];
        var seconds = await SecondsUntilOverAsync(peer, async () =>
        {
            if (before == "its credit") await peer.SendAsync(FrameKind.WindowUpdate, FrameFlags.None, 1, 100);
            if (before == "its upload") await peer.DataAsync(1, [1]);
            if (before == "its upload") await stream.ReadAsync(buffer, CancellationToken.None);
            await PingAsync(peer);
        }, step: 5);
        Assert.InRange(seconds, 100, 150);
        Assert.Equal("the peer answers no ping", (await peer.EndedAsync()).Detail);
    }

    [Fact, Trait("adv", "T1")]
    public async Task A_large_upload_that_has_arrived_gives_no_more_time_for_later_replies()
    {
        await using var peer = new RawPeer(time: _time);
        await peer.SynAsync(1);
        await using var stream = await peer.AcceptedAsync();
        await stream.WriteAsync(new byte[100_000], CancellationToken.None);
        await AdvanceAsync(peer, TimeSpan.FromSeconds(10));
        // Whichever was the last one.
        for (uint id = 1; id <= 4; id++) await peer.SendAsync(FrameKind.Ping, FrameFlags.Ack, 0, id);
        await PingAsync(peer);
        Assert.InRange(await SecondsUntilOverAsync(peer, () => PingAsync(peer)), 20, 25);
    }

    [Fact, Trait("adv", "T1")]
    public async Task A_peer_that_fell_silent_after_a_ping_of_its_own_is_called_silent()
    {
        await using var peer = new RawPeer(time: _time);
        await peer.SendAsync(FrameKind.Ping, FrameFlags.Ack, 0, 1);
        await peer.HeardAsync();
        await AdvanceAsync(peer, TimeSpan.FromSeconds(8));
        await PingAsync(peer);
        Assert.InRange(await SecondsUntilOverAsync(peer, () => Task.CompletedTask), 14, 25);
        Assert.Equal("nothing came from the peer", (await peer.EndedAsync()).Detail);
    }

    [Fact]
    public async Task A_peer_that_reads_nothing_is_given_up()
    {
        await using var peer = new RawPeer(time: _time, capacity: 1000);
        await peer.SynAsync(1);
        var stream = await peer.Session.AcceptAsync(CancellationToken.None);
        var writing = stream!.WriteAsync(new byte[200_000], CancellationToken.None).AsTask();
        // The clock must not run before the writer is stuck.
        await peer.UntilAsync(() => peer.Carrier.Sent > 1000);
        var seconds = await SecondsUntilOverAsync(peer, () => peer.SendAsync(FrameKind.Ping, FrameFlags.Ack, 0, 0));
        Assert.InRange(seconds, 15, 25);
        Assert.Equal("the peer reads nothing", (await peer.EndedAsync()).Detail);
        await Assert.ThrowsAsync<IOException>(() => writing);
    }

    [Fact]
    public async Task The_answer_measures_the_round_trip()
    {
        await using var peer = new RawPeer(time: _time);
        await peer.SynAsync(1);
        await peer.AcceptedAsync();
        await AdvanceAsync(peer, TimeSpan.FromMilliseconds(150));
        await peer.SendAsync(FrameKind.Ping, FrameFlags.Ack, 0, 1);
        for (var i = 0; peer.Session.RoundTrip == default && i < 1000; i++) await Task.Delay(5);
        Assert.Equal(TimeSpan.FromMilliseconds(150), peer.Session.RoundTrip);
    }

    // The peer is heard, and has read what came before the answer.
    private static async Task PingAsync(RawPeer peer)
    {
        await peer.SendAsync(FrameKind.Ping, FrameFlags.Syn, 0, 1);
        while ((await peer.NextHeaderAsync()).Kind != FrameKind.Ping)
        {
        }
    }

    private async Task<int> SecondsUntilOverAsync(RawPeer peer, Func<Task> meanwhile, int step = 1)
    {
        for (var seconds = step; seconds < 1000; seconds += step)
        {
            await AdvanceAsync(peer, TimeSpan.FromSeconds(step));
            if (await IsOverAsync(peer)) return seconds;
            await Task.WhenAny(meanwhile(), peer.Running);
            await peer.HeardAsync();
        }
        return int.MaxValue;
    }

    // The heartbeat's loop sets its next timer before time moves on; a session that is over sets none.
    private async Task AdvanceAsync(RawPeer peer, TimeSpan by)
    {
        await peer.UntilAsync(() => _time.Pending > 0);
        _time.Advance(by);
        await peer.UntilAsync(() => _time.Pending > 0 || !peer.Session.IsOpen);
    }

    private static async Task<bool> IsOverAsync(RawPeer peer)
    {
        // The session's own loops need a turn of the real machine to notice.
        for (var turn = 0; turn < 20 && peer.Session.IsOpen; turn++) await Task.Delay(1);
        return peer.Running.IsCompleted || !peer.Session.IsOpen;
    }
}
