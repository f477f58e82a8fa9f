using Gateway.Store;
using Xunit;

namespace Gateway.UnitTests.Store;

public sealed class RedisAnswersTests
{
    [Fact]
    public async Task An_answer_that_is_none_is_a_Redis_that_is_away()
    {
        // It was a null reference in the change feed once, which ended the node.
        await Assert.ThrowsAsync<RedisAwayException>(() => Task.FromResult<string>(null!).OrAwayAsync());
        Assert.Equal("it", await Task.FromResult("it").OrAwayAsync());
    }
}
