using Gateway.Model;
using Gateway.Model.Routes;
using Gateway.Router.Upstreams;
using Xunit;

namespace Gateway.UnitTests.Router;

public sealed class UpstreamTurnsTests
{
    private static readonly Target.Dial Three = new("a.example", 80, 443) { More = new EquatableList<string>(["b.example", "c.example"]) };

    private readonly FakeTime _time = new();

    [Fact]
    public void All_take_turns_and_a_visitor_is_given_each_once()
    {
        var turns = new UpstreamTurns(_time);
        Assert.Equal([1, 2, 0, 1], Enumerable.Range(0, 4).Select(_ => turns.Next(Three, 80)));
        Assert.Equal(1, turns.Next(Three, 80, tried: 0b101));
        Assert.Equal(-1, turns.Next(Three, 80, tried: 0b111));
    }

    [Fact]
    public void Visitors_of_another_route_take_no_turn_away()
    {
        var turns = new UpstreamTurns(_time);
        var two = new Target.Dial("a.example", 80, 443) { More = new EquatableList<string>(["b.example"]) };
        var other = two with { };
        var places = new List<int>();
        for (var i = 0; i < 4; i++)
        {
            places.Add(turns.Next(two, 80));
            turns.Next(other, 80);
        }

        Assert.Equal([1, 0, 1, 0], places);
    }

    [Fact]
    public void One_address_has_every_turn_once()
    {
        var turns = new UpstreamTurns(_time);
        var alone = new Target.Dial("a.example", 80, 443);
        turns.Failed("a.example", 80);
        Assert.Equal(0, turns.Next(alone, 80));
        Assert.Equal(-1, turns.Next(alone, 80, tried: 1));
    }

    [Fact]
    public void Who_did_not_answer_is_asked_last_for_ten_seconds_and_only_on_that_port()
    {
        var turns = new UpstreamTurns(_time);
        turns.Failed("b.example", 80);
        Assert.DoesNotContain(1, Enumerable.Range(0, 6).Select(_ => turns.Next(Three, 80)));
        Assert.Contains(1, Enumerable.Range(0, 3).Select(_ => turns.Next(Three, 443)));
        Assert.Equal(1, turns.Next(Three, 80, tried: 0b101));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Contains(1, Enumerable.Range(0, 3).Select(_ => turns.Next(Three, 80)));
    }

    [Fact]
    public void Who_answers_is_in_turn_again_at_once()
    {
        var turns = new UpstreamTurns(_time);
        turns.Failed("b.example", 80);
        turns.Answered("b.example", 80);
        Assert.Contains(1, Enumerable.Range(0, 3).Select(_ => turns.Next(Three, 80)));
    }

    [Fact]
    public void Who_is_ill_is_asked_last_until_he_is_well_and_when_all_are_somebody_is_asked()
    {
        var turns = new UpstreamTurns(_time);
        foreach (var address in new[] { "a.example", "b.example", "c.example" }) turns.Down(Three, address, 80);
        Assert.Equal([0, 1, 2], Enumerable.Range(0, 3).Select(_ => turns.Next(Three, 80)).Order());
        turns.Up(Three, "c.example", 80);
        Assert.All(Enumerable.Range(0, 3).Select(_ => turns.Next(Three, 80)), place => Assert.Equal(2, place));
    }
}
