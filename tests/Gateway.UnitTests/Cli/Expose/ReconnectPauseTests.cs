using Gateway.Cli.Expose;
using Xunit;

namespace Gateway.UnitTests.Cli.Expose;

public sealed class ReconnectPauseTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(1, 0.0)]
    [InlineData(2, 0.5)]
    [InlineData(3, 1.0)]
    [InlineData(7, 16.0)]
    [InlineData(8, 30.0)]
    [InlineData(1_000_000, 30.0)]
    public void It_doubles_from_half_a_second_to_the_bound_after_one_immediate_retry(int failures, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), ReconnectPause.After(failures, Longest, 1));

    [Fact]
    public void The_jitter_is_full() => Assert.Equal(TimeSpan.FromSeconds(4), ReconnectPause.After(7, Longest, 0.25));
}
