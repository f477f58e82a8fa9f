using Gateway.Transport;
using Xunit;

namespace Gateway.UnitTests.Transport;

public sealed class CopyRelayTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly FakeTime _time = new();
    private readonly MemoryDuplex _visitor;
    private readonly MemoryDuplex _upstream;
    private readonly Task<RelayResult> _running;

    public CopyRelayTests()
    {
        (_visitor, var front) = MemoryDuplex.Pair(seed: 3, largest: 7);
        (_upstream, var back) = MemoryDuplex.Pair(seed: 9, largest: 5);
        _running = Relay.RunAsync(front, "peeked "u8.ToArray(), back, new RelayOptions { Idle = TimeSpan.FromMinutes(10), Time = _time }, CancellationToken.None);
    }

    [Fact]
    public async Task Bytes_of_any_cut_arrive_in_order_and_are_counted()
    {
        await _visitor.WriteAsync("and then more"u8.ToArray(), CancellationToken.None);
        await _visitor.EndAsync(CancellationToken.None);
        Assert.Equal("peeked and then more", await ReadAsync(_upstream));
        await _upstream.WriteAsync("answer"u8.ToArray(), CancellationToken.None);
        await _upstream.EndAsync(CancellationToken.None);
        Assert.Equal("answer", await ReadAsync(_visitor));
        Assert.Equal(new RelayResult(20, 6, RelayEnd.Finished), await _running.WaitAsync(Patience));
    }

    [Fact]
    public async Task Only_silence_of_both_directions_for_the_whole_deadline_is_idle()
    {
        for (var i = 0; i < 5; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(9));
            await _upstream.WriteAsync(new byte[] { 1 }, CancellationToken.None);
            Assert.Equal(1, await _visitor.ReadAsync(new byte[1], CancellationToken.None));
        }
        Assert.False(_running.IsCompleted);
        _time.Advance(TimeSpan.FromMinutes(15));
        Assert.Equal(RelayEnd.Idle, (await _running.WaitAsync(Patience)).End);
        await Assert.ThrowsAsync<IOException>(async () => await ReadAsync(_visitor));
        await Assert.ThrowsAsync<IOException>(async () => await ReadAsync(_upstream));
    }

    [Fact]
    public async Task The_side_that_broke_is_named()
    {
        _upstream.Reset();
        Assert.Equal(RelayEnd.UpstreamBroke, (await _running.WaitAsync(Patience)).End);
        await Assert.ThrowsAsync<IOException>(async () => await ReadAsync(_visitor));
    }

    private static async Task<string> ReadAsync(MemoryDuplex duplex)
    {
        using var all = new MemoryStream();
        var buffer = new byte[100];
        while (await duplex.ReadAsync(buffer, CancellationToken.None) is > 0 and var read) all.Write(buffer, 0, read);
        return System.Text.Encoding.ASCII.GetString(all.ToArray());
    }
}
