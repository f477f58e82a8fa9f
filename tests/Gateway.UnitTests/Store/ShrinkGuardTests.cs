using Gateway.Model;
using Gateway.Store;
using Gateway.Store.Guarding;
using Xunit;

namespace Gateway.UnitTests.Store;

public sealed class ShrinkGuardTests
{
    private readonly OwnDeletions _own = new();

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(0, 50, false)]
    [InlineData(10, 30, false)]
    [InlineData(11, 54, true)]
    [InlineData(11, 55, false)]
    [InlineData(200_000, 1_000_000, false)]
    [InlineData(200_001, 1_000_000, true)]
    [InlineData(600_000_000, 2_000_000_000, true)]
    [InlineData(1, 1, true)]
    [InlineData(3, 3, true)]
    [InlineData(3, 4, false)]
    public void More_than_ten_and_a_fifth_or_all_of_them_is_suspicious(int gone, int served, bool isSuspicious) =>
        Assert.Equal(isSuspicious, Shrinkage.IsSuspicious(gone, served, isWhole: true));

    [Fact]
    public void The_last_few_may_go_when_somebody_deleted_just_those()
    {
        Assert.False(Shrinkage.IsSuspicious(1, 1, isWhole: false));
        Assert.False(Shrinkage.IsSuspicious(10, 10, isWhole: false));
        Assert.True(Shrinkage.IsSuspicious(11, 11, isWhole: false));
    }

    [Fact]
    public void The_last_word_about_a_place_counts()
    {
        var place = new KeyChange("z.", "a");
        Assert.False(_own.Explain(place));
        Add(1, "z.", "a", isDeletion: true);
        Assert.True(_own.Explain(place));
        Add(2, "z.", "a", isDeletion: false);
        Assert.False(_own.Explain(place));
        Assert.True(_own.IsEmpty);
        Add(3, "z.", null, isDeletion: true);
        Assert.True(_own.Explain(place));
        Assert.True(_own.Explain(new KeyChange("z.", "b")));
        Assert.False(_own.Explain(new KeyChange("y.", "a")));
        Add(4, "z.", "a", isDeletion: false);
        Assert.False(_own.Explain(place));
    }

    [Theory]
    [InlineData("1763640000000-3 17", true)]
    [InlineData("0-0 0", true)]
    [InlineData("", false)]
    [InlineData("17", false)]
    [InlineData("1763640000000 17", false)]
    [InlineData("a-b 17", false)]
    [InlineData("1-2 x", false)]
    [InlineData("1-2-3 4", false)]
    public void A_position_in_the_ledger_is_read_as_it_was_written(string text, bool isPosition)
    {
        Assert.Equal(isPosition, LedgerPosition.TryDecode(text, out var position));
        if (isPosition) Assert.Equal(text, position!.Value.Encode());
    }

    [Fact]
    public void What_was_set_again_after_it_was_taken_away_was_not_meant_to_go()
    {
        Add(1, "zone", "before", isDeletion: false);
        Add(2, "zone", "a", isDeletion: true);
        Add(3, "zone", "b", isDeletion: true);
        Add(4, "zone", "a", isDeletion: false);
        Assert.Equal([false, false, true], new[] { "before", "a", "b" }.Select(field => _own.Explain(new KeyChange("zone", field))));
        Add(5, "zone", null, isDeletion: false);
        Assert.False(_own.Explain(new KeyChange("zone", "b")));
    }

    private void Add(long sequence, string key, string? field, bool isDeletion) => _own.Add(new RedisSchema.LedgerEntry(sequence, key, field, 1, isDeletion));
}
