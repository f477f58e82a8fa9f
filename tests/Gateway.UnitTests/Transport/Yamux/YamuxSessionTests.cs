using Gateway.Transport.Yamux;
using Gateway.Transport.Yamux.Frames;
using Xunit;

namespace Gateway.UnitTests.Transport.Yamux;

public sealed class YamuxSessionTests
{
    private static readonly CancellationToken Never = CancellationToken.None;

    [Theory]
    [InlineData(YamuxRole.Client, 1u, 3u)]
    [InlineData(YamuxRole.Server, 2u, 4u)]
    public async Task The_client_opens_odd_ids_and_the_server_even_ones(YamuxRole role, uint first, uint second)
    {
        await using var peer = new RawPeer(role);
        Assert.Equal(first, (await peer.OpenedAsync()).Id);
        Assert.Equal(second, (await peer.OpenedAsync()).Id);
    }

    [Fact]
    public async Task An_accepted_stream_is_acknowledged_and_carries_data_both_ways()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        var stream = await peer.AcceptedAsync();
        await peer.DataAsync(1, [1, 2, 3]);
        var buffer = new byte[10];
        Assert.Equal(3, await stream.ReadAsync(buffer, Never));
        Assert.Equal([1, 2, 3], buffer[..3]);
        await stream.WriteAsync(new byte[] { 4, 5 }, Never);
        var (header, payload) = await peer.NextAsync();
        Assert.Equal(new FrameHeader(FrameKind.Data, FrameFlags.None, 1, 2), header);
        Assert.Equal([4, 5], payload);
    }

    [Fact]
    public async Task Data_may_come_with_the_opening_and_the_end_with_the_data()
    {
        await using var peer = new RawPeer();
        await peer.DataAsync(1, [9, 8], FrameFlags.Syn | FrameFlags.Fin);
        var stream = await peer.AcceptedAsync();
        var buffer = new byte[10];
        Assert.Equal(2, await stream.ReadAsync(buffer, Never));
        Assert.Equal(0, await stream.ReadAsync(buffer, Never));
        await stream.WriteAsync(new byte[] { 1 }, Never);
        Assert.Equal(1u, (await peer.NextHeaderAsync()).Length);
    }

    [Fact]
    public async Task Our_end_is_sent_once_and_reading_goes_on()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        var stream = await peer.AcceptedAsync();
        await stream.EndAsync(Never);
        await stream.EndAsync(Never);
        Assert.Equal(new FrameHeader(FrameKind.WindowUpdate, FrameFlags.Fin, 1, 0), await peer.NextHeaderAsync());
        await Assert.ThrowsAsync<IOException>(async () => await stream.WriteAsync(new byte[1], Never));
        await peer.DataAsync(1, [5], FrameFlags.Fin);
        Assert.Equal(1, await stream.ReadAsync(new byte[10], Never));
        Assert.Equal(0, await stream.ReadAsync(new byte[10], Never));
        Assert.Equal(0, peer.Session.Streams);
        // Over on both sides: disposing says nothing more.
        await stream.DisposeAsync();
        await peer.SendAsync(FrameKind.Ping, FrameFlags.Syn, 0, 4);
        Assert.Equal(new FrameHeader(FrameKind.Ping, FrameFlags.Ack, 0, 4), await peer.NextHeaderAsync());
    }

    [Fact]
    public async Task Ended_during_a_write_the_write_fails_and_no_data_follows_the_end()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        var stream = await peer.AcceptedAsync();
        var writing = stream.WriteAsync(new byte[300_000], Never).AsTask();
        await stream.EndAsync(Never);
        await Assert.ThrowsAsync<IOException>(() => writing);
        FrameHeader header;
        do header = await peer.NextHeaderAsync();
        while (!header.Has(FrameFlags.Fin));
        await peer.SendAsync(FrameKind.WindowUpdate, FrameFlags.None, 1, 300_000);
        await peer.SendAsync(FrameKind.Ping, FrameFlags.Syn, 0, 1);
        Assert.Equal(FrameKind.Ping, (await peer.NextHeaderAsync()).Kind);
    }

    [Fact]
    public async Task A_stream_left_before_its_end_is_reset_once()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        var stream = await peer.AcceptedAsync();
        await stream.DisposeAsync();
        stream.Reset();
        Assert.Equal(new FrameHeader(FrameKind.WindowUpdate, FrameFlags.Rst, 1, 0), await peer.NextHeaderAsync());
        await peer.SendAsync(FrameKind.Ping, FrameFlags.Syn, 0, 4);
        Assert.Equal(FrameKind.Ping, (await peer.NextHeaderAsync()).Kind);
    }

    [Fact]
    public async Task What_came_before_a_reset_of_the_peer_can_be_read_of_a_stream_that_we_opened()
    {
        await using var peer = new RawPeer();
        var stream = await peer.OpenedAsync();
        await peer.DataAsync(stream.Id, [1, 2, 3]);
        await peer.SendAsync(FrameKind.WindowUpdate, FrameFlags.Rst, stream.Id, 0);
        await peer.UntilAsync(() => stream.IsBroken);
        await Assert.ThrowsAsync<IOException>(async () => await stream.WriteAsync(new byte[1], Never));
        Assert.Equal(3, peer.Session.Budget.Used);
        var buffer = new byte[10];
        Assert.Equal(2, await stream.ReadAsync(buffer.AsMemory(0, 2), Never));
        Assert.Equal(1, await stream.ReadAsync(buffer, Never));
        await Assert.ThrowsAsync<IOException>(async () => await stream.ReadAsync(buffer, Never));
        await stream.DisposeAsync();
        await Assert.ThrowsAsync<IOException>(async () => await stream.ReadAsync(buffer, Never));
        Assert.Equal(0, peer.Session.Budget.Used);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_nobody_reads_after_a_reset_of_the_peer_is_not_kept(bool isOurs)
    {
        await using var peer = new RawPeer();
        if (!isOurs) await peer.SynAsync(1);
        var stream = isOurs ? await peer.OpenedAsync() : await peer.AcceptedAsync();
        await peer.DataAsync(stream.Id, [1, 2, 3]);
        await peer.SendAsync(FrameKind.WindowUpdate, FrameFlags.Rst, stream.Id, 0);
        await peer.UntilAsync(() => stream.IsBroken);
        if (isOurs) await stream.DisposeAsync();
        await peer.UntilAsync(() => peer.Session.Budget.Used == 0);
    }

    [Fact]
    public async Task A_reset_by_the_peer_breaks_the_read_and_the_write_that_wait()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        var stream = await peer.AcceptedAsync();
        var reading = stream.ReadAsync(new byte[1], Never).AsTask();
        var writing = stream.WriteAsync(new byte[300_000], Never).AsTask();
        await peer.SendAsync(FrameKind.WindowUpdate, FrameFlags.Rst, 1, 0);
        await Assert.ThrowsAsync<IOException>(() => reading);
        await Assert.ThrowsAsync<IOException>(() => writing);
        await Assert.ThrowsAsync<IOException>(async () => await stream.EndAsync(Never));
        Assert.Equal(0, peer.Session.Streams);
    }

    [Fact]
    public async Task Not_a_byte_is_sent_beyond_the_credit()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        var stream = await peer.AcceptedAsync();
        var writing = stream.WriteAsync(new byte[262_144 + 10], Never).AsTask();
        long sent = 0;
        while (sent < 262_144) sent += (await peer.NextHeaderAsync()).Length;
        Assert.Equal(262_144, sent);
        await peer.SendAsync(FrameKind.Ping, FrameFlags.Syn, 0, 1);
        Assert.Equal(FrameKind.Ping, (await peer.NextHeaderAsync()).Kind);
        Assert.False(writing.IsCompleted);
        await peer.SendAsync(FrameKind.WindowUpdate, FrameFlags.None, 1, 10);
        Assert.Equal(10u, (await peer.NextHeaderAsync()).Length);
        await writing;
    }

    [Fact]
    [Trait("adv", "T4")]
    public async Task A_stalled_stream_never_holds_another()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        await peer.SynAsync(3);
        var stalled = await peer.AcceptedAsync();
        var other = await peer.AcceptedAsync();
        var stuck = stalled.WriteAsync(new byte[1_000_000], Never).AsTask();
        await other.WriteAsync(new byte[] { 7 }, Never);
        FrameHeader header;
        do header = await peer.NextHeaderAsync();
        while (header.Stream != 3);
        // And the other way round: what nobody reads of one does not keep the other's from being read.
        await peer.DataAsync(1, new byte[262_144]);
        await peer.DataAsync(3, [1, 2]);
        Assert.Equal(2, await other.ReadAsync(new byte[8], Never));
        Assert.False(stuck.IsCompleted);
        stalled.Reset();
        await Assert.ThrowsAsync<IOException>(() => stuck);
    }

    [Fact]
    public async Task Credit_comes_back_when_half_the_window_was_read()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        var stream = await peer.AcceptedAsync();
        await peer.DataAsync(1, new byte[200_000]);
        var buffer = new byte[131_071];
        var read = 0;
        while (read < 131_071) read += await stream.ReadAsync(buffer.AsMemory(0, 131_071 - read), Never);
        await peer.SendAsync(FrameKind.Ping, FrameFlags.Syn, 0, 1);
        Assert.Equal(FrameKind.Ping, (await peer.NextHeaderAsync()).Kind);
        Assert.Equal(1, await stream.ReadAsync(buffer.AsMemory(0, 1), Never));
        Assert.Equal(new FrameHeader(FrameKind.WindowUpdate, FrameFlags.None, 1, 131_072), await peer.NextHeaderAsync());
    }

    [Fact]
    public async Task An_empty_read_waits_for_something_to_read()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        var stream = await peer.AcceptedAsync();
        var waiting = stream.ReadAsync(Memory<byte>.Empty, Never).AsTask();
        Assert.False(waiting.IsCompleted);
        await peer.DataAsync(1, [1]);
        Assert.Equal(0, await waiting);
        Assert.Equal(1, await stream.ReadAsync(new byte[8], Never));
    }

    [Fact]
    public async Task A_cancelled_read_loses_nothing()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        var stream = await peer.AcceptedAsync();
        using var cancel = new CancellationTokenSource();
        var waiting = stream.ReadAsync(new byte[8], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await peer.DataAsync(1, [1, 2, 3]);
        Assert.Equal(3, await stream.ReadAsync(new byte[8], Never));
    }

    [Fact]
    public async Task A_cancelled_write_lets_go_of_the_bytes()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        var stream = await peer.AcceptedAsync();
        using var cancel = new CancellationTokenSource();
        var waiting = stream.WriteAsync(new byte[300_000], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.True(peer.Session.IsOpen);
    }

    [Fact]
    public async Task After_256_unacknowledged_streams_the_next_waits_for_any_sign_of_the_peer()
    {
        await using var peer = new RawPeer();
        for (var i = 0; i < 256; i++) await peer.OpenedAsync();
        var waiting = peer.Session.OpenAsync(Never).AsTask();
        Assert.False(waiting.IsCompleted);
        // No acknowledgement, just the end of the peer's direction: it knows the stream.
        await peer.SendAsync(FrameKind.WindowUpdate, FrameFlags.Fin, 2, 0);
        Assert.Equal(514u, (await waiting.WaitAsync(TimeSpan.FromSeconds(20)))!.Id);
    }

    [Fact]
    public async Task When_the_peer_goes_away_open_streams_go_on_and_new_ones_are_refused()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        var stream = await peer.AcceptedAsync();
        await peer.SendAsync(FrameKind.GoAway, FrameFlags.None, 0, 0);
        await peer.DataAsync(1, [1]);
        Assert.Equal(1, await stream.ReadAsync(new byte[8], Never));
        Assert.False(peer.Session.IsOpen);
        Assert.Null(await peer.Session.OpenAsync(Never));
    }

    [Fact]
    public async Task When_we_go_away_the_peers_new_streams_are_reset()
    {
        await using var peer = new RawPeer();
        await peer.Session.GoAwayAsync(0, Never);
        Assert.Equal(new FrameHeader(FrameKind.GoAway, FrameFlags.None, 0, 0), await peer.NextHeaderAsync());
        await peer.SynAsync(1);
        Assert.Equal(new FrameHeader(FrameKind.WindowUpdate, FrameFlags.Rst, 1, 0), await peer.NextHeaderAsync());
    }

    [Fact]
    public async Task A_close_between_frames_is_the_peers_end_and_breaks_the_streams()
    {
        await using var peer = new RawPeer();
        await peer.SynAsync(1);
        var stream = await peer.AcceptedAsync();
        await peer.EndAsync();
        Assert.Equal(YamuxEndReason.PeerEnded, (await peer.EndedAsync()).Reason);
        await Assert.ThrowsAsync<IOException>(async () => await stream.ReadAsync(new byte[1], Never));
        await Assert.ThrowsAsync<IOException>(async () => await stream.WriteAsync(new byte[1], Never));
        Assert.Null(await peer.Session.AcceptAsync(Never));
        Assert.Null(await peer.Session.OpenAsync(Never));
    }

    [Fact]
    public async Task A_close_inside_a_frame_is_a_broken_carrier()
    {
        await using var peer = new RawPeer();
        await peer.SendAsync(new byte[5]);
        await peer.EndAsync();
        Assert.Equal(YamuxEndReason.CarrierBroke, (await peer.EndedAsync()).Reason);
    }

    [Fact]
    public async Task Stopped_it_says_go_away_and_closes()
    {
        await using var peer = new RawPeer();
        await peer.Session.DisposeAsync();
        Assert.Equal(new FrameHeader(FrameKind.GoAway, FrameFlags.None, 0, 0), await peer.NextHeaderAsync());
        Assert.Equal(YamuxEndReason.Stopped, (await peer.EndedAsync()).Reason);
        Assert.True(peer.Carrier.WasDisposed);
    }
}
