using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

public sealed class TourTests
{
    [Fact]
    public async Task The_tour_holds_step_by_step()
    {
        var ended = await Programs.RunAsync(Path.Combine(Programs.Root, "scripts", "tour.sh"), []);
        Assert.True(ended.Code == 0, ended.Output + ended.Error);
        Assert.Contains("Every step held.", ended.Output, StringComparison.Ordinal);
    }
}
