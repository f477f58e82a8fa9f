using Gateway.Store;
using Gateway.Store.Feed;
using Xunit;

namespace Gateway.UnitTests.Store;

public sealed class PendingChangesTests
{
    private readonly PendingChanges _pending = new();

    [Fact]
    public void Before_anything_was_compared_everything_is_due_and_places_are_not_shown()
    {
        _pending.Add(new KeyChange("k", "f"));
        Assert.True(_pending is { Everything: true, IsBehind: true, IsBuilt: false });
        Assert.Empty(_pending.Take());
    }

    [Fact]
    public void What_comes_while_the_first_comparison_runs_is_looked_at_after_it()
    {
        _pending.BeginEverything();
        _pending.Add(new KeyChange("k", "f"));
        Assert.Empty(_pending.Take());
        _pending.EndEverything();
        Assert.Equal([new("k", "f")], _pending.Take());
    }

    [Fact]
    public void A_place_is_told_once_and_a_key_stands_for_its_fields()
    {
        Build();
        foreach (var field in new[] { "f", "f", "g" }) _pending.Add(new KeyChange("k", field));
        _pending.Add(new KeyChange("other", "f"));
        _pending.Add(new KeyChange("k", null));
        _pending.Add(new KeyChange("k", "h"));
        Assert.Equal([new("other", "f"), new("k", null)], _pending.Take());
        Assert.Empty(_pending.Take());
    }

    [Fact]
    public void More_places_than_the_bound_become_a_comparison()
    {
        Build();
        for (var i = 0; i <= 65_536; i++) _pending.Add(new KeyChange("k", $"{i}"));
        Assert.True(_pending is { Everything: true, IsBehind: true });
        Assert.Empty(_pending.Take());
    }

    [Fact]
    public void A_routine_comparison_leaves_the_reader_current_and_a_missed_change_does_not()
    {
        Build();
        _pending.AddEverything(missed: false);
        Assert.True(_pending is { Everything: true, IsBehind: false });
        _pending.AddEverything(missed: true);
        Assert.True(_pending is { Everything: true, IsBehind: true });
    }

    [Fact]
    public void A_change_missed_while_comparing_makes_another_comparison_due()
    {
        Build();
        _pending.BeginEverything();
        _pending.AddEverything(missed: true);
        _pending.EndEverything();
        Assert.True(_pending is { Everything: true, IsBehind: true });
        Build();
        Assert.True(_pending is { Everything: false, IsBehind: false });
    }

    [Fact]
    public void A_failure_keeps_what_was_built_and_makes_a_comparison_due()
    {
        Build();
        _pending.Fail();
        Assert.True(_pending is { Everything: true, IsBehind: true, IsBuilt: true });
        _pending.Add(new KeyChange("k", null));
        Assert.Equal([new("k", null)], _pending.Take());
    }

    private void Build()
    {
        _pending.BeginEverything();
        _pending.EndEverything();
    }
}
