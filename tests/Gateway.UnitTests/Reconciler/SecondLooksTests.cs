using Gateway.Reconciler.Exploring;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

public sealed class SecondLooksTests
{
    [Fact]
    public void They_begin_at_the_lowest_and_go_on_behind_what_a_full_page_showed()
    {
        var looks = With("9-1", "7-1", "300-1");
        Assert.Equal(7, looks.From);
        looks.Saw(Page(highest: 9), isMoreBehind: true);
        Assert.Equal((300, 1), (looks.From, looks.Count));
    }

    [Fact]
    public void A_page_with_nothing_behind_it_has_shown_everything()
    {
        var looks = With("7-1", "300-1");
        looks.Saw(Page(highest: 9), isMoreBehind: false);
        Assert.Equal(0, looks.Count);
    }

    [Fact]
    public void What_no_page_can_show_is_not_looked_for() => Assert.Equal(0, With("", "-1", "x-1", "7").Count);

    private static SecondLooks With(params string[] ids)
    {
        var looks = new SecondLooks();
        foreach (var id in ids) looks.Add(id);
        return looks;
    }

    private static PolledPage Page(long highest) => new(null, [], 200, highest, highest);
}
