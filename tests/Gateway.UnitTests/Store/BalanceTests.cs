using Gateway.Store.Feed;
using Xunit;

namespace Gateway.UnitTests.Store;

public sealed class BalanceTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly FakeTime _time = new();
    private readonly Balance _balance;

    public BalanceTests() => _balance = new Balance(Patience, _time);

    [Fact]
    public void Events_that_entries_explain_leave_nothing_in_whatever_order_they_come()
    {
        _balance.Add("a", 3);
        _balance.Explain("a", 1);
        _balance.Explain("a", 2);
        _balance.Explain("b", 2);
        _balance.Add("b", 1);
        _balance.Add("b", 1);
        Assert.Empty(_balance.TakeUnexplained());
        Assert.Equal(0, _balance.Count);
    }

    [Fact]
    public void A_surplus_of_events_is_somebody_elses_write_and_told_once()
    {
        _balance.Add("a", 2);
        _balance.Explain("a", 1);
        Assert.Equal(["a"], _balance.TakeUnexplained());
        Assert.Empty(_balance.TakeUnexplained());
    }

    [Fact]
    public void Events_on_their_way_are_waited_for_and_then_given_up()
    {
        _balance.Explain("a", 2);
        _time.Advance(Patience);
        Assert.Empty(_balance.TakeUnexplained());
        // One of the two came: the other gets its time anew.
        _balance.Add("a", 1);
        _time.Advance(Patience);
        Assert.Empty(_balance.TakeUnexplained());
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(["a"], _balance.TakeUnexplained());
        Assert.Equal(0, _balance.Count);
    }

    [Fact]
    public void A_foreign_event_behind_an_early_entry_is_told_when_ours_comes()
    {
        _balance.Explain("a", 1);
        _balance.Add("a", 1);
        Assert.Empty(_balance.TakeUnexplained());
        _balance.Add("a", 1);
        Assert.Equal(["a"], _balance.TakeUnexplained());
    }
}
