using Gateway.Transport;
using Xunit;

namespace Gateway.UnitTests.Transport;

public sealed class SignalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Set_before_the_wait_it_is_remembered_once()
    {
        var signal = new Signal();
        signal.Set();
        signal.Set();
        await signal.WaitAsync().AsTask().WaitAsync(Patience);
        var second = signal.WaitAsync().AsTask();
        Assert.False(second.IsCompleted);
        signal.Set();
        await second.WaitAsync(Patience);
    }

    [Fact]
    public async Task No_wake_is_lost_between_two_threads()
    {
        const int rounds = 100_000;
        var (ping, pong) = (new Signal(), new Signal());
        var count = 0;
        var answering = Task.Run(async () =>
        {
            for (var i = 0; i < rounds; i++)
            {
                await ping.WaitAsync();
                count++;
                pong.Set();
            }
        });
        var asking = Task.Run(async () =>
        {
            for (var i = 0; i < rounds; i++)
            {
                ping.Set();
                await pong.WaitAsync();
            }
        });
        await Task.WhenAll(answering, asking).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(rounds, count);
    }
}
