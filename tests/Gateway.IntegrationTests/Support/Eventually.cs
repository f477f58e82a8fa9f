using System.Diagnostics;
using Xunit;

namespace Gateway.IntegrationTests.Support;

/// <summary>Waits for what has to become true, with a generous deadline: slow machines are no failures.</summary>
public static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(condition, () => what);

    /// <summary>The same; what is said of a failure is asked for when it has come to that.</summary>
    public static Task TrueAsync(Func<bool> condition, Func<string> what) => TrueAsync(() => Task.FromResult(condition()), what, Deadline);

    public static Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null) => TrueAsync(condition, () => what, within ?? Deadline);

    private static async Task TrueAsync(Func<Task<bool>> condition, Func<string> what, TimeSpan deadline)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(begun) > deadline) Assert.Fail($"within {deadline.TotalSeconds} s it never was so: {what()}");
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
        }
    }
}
