using Gateway.Transport;
using Xunit;

namespace Gateway.UnitTests.Transport;

public sealed class DuplexStreamTests
{
    [Fact]
    public async Task What_was_peeked_is_read_first()
    {
        var (far, near) = MemoryDuplex.Pair();
        await using var stream = new DuplexStream(near, "abc"u8.ToArray());
        await far.WriteAsync("def"u8.ToArray(), CancellationToken.None);
        var buffer = new byte[6];
        await stream.ReadExactlyAsync(buffer);
        Assert.Equal("abcdef"u8.ToArray(), buffer);
    }

    [Fact]
    public async Task Disposed_in_time_it_closes_and_disposed_in_haste_it_resets()
    {
        var (_, gentle) = MemoryDuplex.Pair();
        await new DuplexStream(gentle).DisposeAsync();
        Assert.True(gentle.WasDisposed);
        Assert.False(gentle.WasReset);
        var (_, hasty) = MemoryDuplex.Pair();
        new DuplexStream(hasty).Dispose();
        Assert.True(hasty.WasReset);
    }

    [Fact]
    public async Task Calls_that_would_hold_a_thread_are_refused()
    {
        var (_, near) = MemoryDuplex.Pair();
        await using var stream = new DuplexStream(near);
        Assert.Throws<NotSupportedException>(() => stream.Read(new byte[1], 0, 1));
        Assert.Throws<NotSupportedException>(() => stream.Write(new byte[1], 0, 1));
    }
}
