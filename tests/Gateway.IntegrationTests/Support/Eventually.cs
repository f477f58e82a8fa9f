using System.Diagnostics;
using Xunit;

namespace Gateway.IntegrationTests.Support;

/// <summary>Waits for what has to become true, with a generous deadline: slow machines are no failures.</summary>
public static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(() => Task.FromResult(condition()), what);

    public static async Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null)
    {
        var begun = Stopwatch.GetTimestamp();
        var deadline = within ?? Deadline;
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(begun) > deadline) Assert.Fail($"within {deadline.TotalSeconds} s it never was so: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
        }
    }
}
