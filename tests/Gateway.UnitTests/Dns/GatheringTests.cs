using Gateway.Dns.Sockets;
using Xunit;

namespace Gateway.UnitTests.Dns;

/// <summary>When a thread of the name server lets queries gather.</summary>
public sealed class GatheringTests
{
    private Gathering _gathering;

    [Theory]
    [InlineData(1)]
    [InlineData(Gathering.Busy - 1)]
    [InlineData(Gathering.Plenty)]
    [InlineData(DatagramBatch.Size)]
    public void Nobody_waits_when_little_goes_on_or_much_is_there(int count) => Assert.False(_gathering.Pauses(count));

    [Fact]
    public void A_busy_thread_pauses_as_long_as_it_gathers_something()
    {
        Assert.True(_gathering.Pauses(Gathering.Busy));
        for (var i = 0; i < 5; i++) Assert.True(_gathering.Pauses(Gathering.Worth));
    }

    [Fact]
    public void A_pause_that_gathered_nothing_is_not_repeated_for_long()
    {
        Assert.True(_gathering.Pauses(Gathering.Busy));
        var without = 0;
        while (!_gathering.Pauses(Gathering.Worth - 1)) without++;
        Assert.Equal(Gathering.Rest, without);
    }

    [Fact]
    public void Batches_before_and_after_much_count_by_themselves()
    {
        Assert.True(_gathering.Pauses(Gathering.Worth));
        Assert.False(_gathering.Pauses(Gathering.Plenty));
        // No pause came before this one: that it is small says nothing against the next.
        Assert.True(_gathering.Pauses(Gathering.Busy));
    }
}
