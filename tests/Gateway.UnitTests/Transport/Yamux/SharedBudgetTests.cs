using Gateway.Transport.Yamux;
using Gateway.Transport.Yamux.Frames;
using Xunit;

namespace Gateway.UnitTests.Transport.Yamux;

/// <summary>Several sessions with one bound on what they hold together: it is one, and whoever holds most gives way.</summary>
public sealed class SharedBudgetTests
{
    private const long Limit = 600_000;

    private readonly ByteBudget _shared = new(Limit);

    [Fact, Trait("adv", "T4")]
    public async Task The_session_that_holds_most_gives_way_though_it_gets_nothing_more()
    {
        await using var hoarder = await PeerAsync(1, 3);
        await using var idle = await PeerAsync();
        await using var modest = await PeerAsync(1, 3);
        await HoldAsync(hoarder, 1, 250_000);
        await HoldAsync(hoarder, 3, 200_000);
        await HoldAsync(modest, 1, 100_000);
        await modest.DataAsync(3, new byte[60_000]);
        Assert.Equal(new FrameHeader(FrameKind.WindowUpdate, FrameFlags.Rst, 1, 0), await hoarder.NextHeaderAsync());
        await WithinLimitAsync(modest);
        Assert.Equal((200_000, 160_000), (hoarder.Session.Budget.Used, modest.Session.Budget.Used));
        Assert.Equal((1, 2), (hoarder.Session.Streams, modest.Session.Streams));
    }

    [Fact, Trait("adv", "T4")]
    public async Task Many_that_hold_little_pass_the_bound_together_for_a_payload_only()
    {
        var peers = new List<RawPeer>();
        for (var i = 0; i < 5; i++) peers.Add(await PeerAsync(1, 3));
        for (var turn = 0; turn < 20; turn++)
        {
            var peer = peers[turn % peers.Count];
            // A stream that was reset takes what comes without keeping it.
            await peer.DataAsync(turn / peers.Count % 2 == 0 ? 1u : 3u, new byte[100_000]);
            await WithinLimitAsync(peer);
        }

        Assert.InRange(_shared.Used, Limit / 2, Limit);
        foreach (var peer in peers) await peer.DisposeAsync();
        Assert.Equal(0, _shared.Used);
    }

    [Theory, Trait("adv", "T4")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_stream_holds_that_is_over_counts_too(bool isReset)
    {
        await using var hoarder = await PeerAsync();
        var visitor = await hoarder.OpenedAsync();
        await HoldAsync(hoarder, visitor.Id, 250_000);
        if (!isReset) visitor.EndSending();
        await hoarder.SendAsync(FrameKind.WindowUpdate, isReset ? FrameFlags.Rst : FrameFlags.Fin, visitor.Id, 0);
        await hoarder.UntilAsync(() => hoarder.Session.Streams == 0);
        await using var modest = await PeerAsync(1);
        await using var other = await PeerAsync(1);
        await HoldAsync(modest, 1, 200_000);
        await other.DataAsync(1, new byte[200_000]);
        await other.UntilAsync(() => other.Session.Budget.Used == 200_000);
        await WithinLimitAsync(other);
        Assert.Equal((0, 400_000), (hoarder.Session.Budget.Used, _shared.Used));
        await Assert.ThrowsAsync<IOException>(async () => await visitor.ReadAsync(new byte[1], CancellationToken.None));
    }

    [Fact, Trait("adv", "T4")]
    public async Task A_session_alone_is_bounded_however_many_streams_must_go()
    {
        await using var peer = new RawPeer(options: Patient with { MaxBuffered = 100_000 });
        for (uint id = 1; id < 20; id += 2) await peer.SynAsync(id);
        for (uint id = 3; id < 20; id += 2) await peer.DataAsync(id, new byte[10_000]);
        await peer.DataAsync(1, new byte[60_000]);
        await peer.HeardAsync();
        await peer.UntilAsync(() => peer.Session.Budget.Used <= 100_000);
        await peer.DataAsync(3, new byte[90_000]);
        await peer.HeardAsync();
        await peer.UntilAsync(() => peer.Session.Budget.Used <= 100_000);
    }

    private static YamuxOptions Patient => YamuxOptions.Default with { WriteTimeout = TimeSpan.FromMinutes(10), DeadAfter = TimeSpan.FromMinutes(10) };

    private async Task<RawPeer> PeerAsync(params uint[] streams)
    {
        var peer = new RawPeer(options: Patient with { Shared = _shared });
        foreach (var id in streams) await peer.SynAsync(id);
        return peer;
    }

    private static async Task HoldAsync(RawPeer peer, uint stream, int bytes)
    {
        var before = peer.Session.Budget.Used;
        await peer.DataAsync(stream, new byte[bytes]);
        await peer.UntilAsync(() => peer.Session.Budget.Used == before + bytes);
    }

    private async Task WithinLimitAsync(RawPeer peer)
    {
        await peer.HeardAsync();
        await peer.UntilAsync(() => _shared.Used <= Limit);
    }
}
