using Gateway.Server.Operating;
using Xunit;

namespace Gateway.UnitTests.Server.Operating;

public sealed class TokenGuessesTests
{
    [Fact, Trait("adv", "R9")]
    public void Ten_guesses_at_once_and_then_one_a_second()
    {
        var time = new FakeTime();
        var guesses = new TokenGuesses(time);
        Assert.True(guesses.TryTake(out var isFirst) && isFirst);
        for (var i = 0; i < 9; i++) Assert.True(guesses.TryTake(out isFirst) && !isFirst);
        Assert.False(guesses.TryTake(out _));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(guesses.TryTake(out _));
        Assert.False(guesses.TryTake(out _));
        time.Advance(TimeSpan.FromHours(1));
        Assert.True(guesses.TryTake(out isFirst) && isFirst);
    }
}
