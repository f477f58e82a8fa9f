using Gateway.Transport.Yamux;
using Xunit;

namespace Gateway.UnitTests.Transport.Yamux;

/// <summary>Stream ids are used once, and there are two thousand million of them for each end.</summary>
public sealed class StreamIdTests
{
    [Fact]
    public async Task A_session_says_that_its_ids_run_out_long_before_they_do()
    {
        await using var peer = new RawPeer(options: YamuxOptions.Default with { FirstId = uint.MaxValue - (2 * StreamTable.Reserve) - 3 });
        await peer.OpenedAsync();
        Assert.False(peer.Session.RunsOut.IsCompleted);
        await peer.OpenedAsync();
        Assert.True(peer.Session.RunsOut.IsCompleted);
        Assert.True(peer.Session.IsOpen);
        await peer.OpenedAsync();
    }

    [Fact]
    public async Task A_session_whose_ids_are_used_up_is_open_no_more_and_keeps_its_streams()
    {
        await using var peer = new RawPeer(options: YamuxOptions.Default with { FirstId = uint.MaxValue - 1 });
        var last = await peer.OpenedAsync();
        Assert.Equal(uint.MaxValue - 1, last.Id);
        Assert.False(peer.Session.IsOpen);
        Assert.Null(await peer.Session.OpenAsync(CancellationToken.None));
        await peer.DataAsync(last.Id, [7]);
        Assert.Equal(1, await last.ReadAsync(new byte[8], CancellationToken.None));
    }
}
