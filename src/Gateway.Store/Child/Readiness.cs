using Gateway.Store.Connecting;

namespace Gateway.Store.Child;

/// <summary>Waits until a new child has read its data and answers.</summary>
internal sealed class Readiness(RedisEndpoint endpoint, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    // To bind and to read its configuration takes milliseconds; a loading server answers that it loads, and gets its time.
    private static readonly TimeSpan SilenceDeadline = TimeSpan.FromSeconds(10);

    /// <summary>Null when it answers; otherwise one line that says why it does not.</summary>
    internal async Task<string?> WaitAsync(RedisChild child, CancellationToken stop)
    {
        var heard = time.GetTimestamp();
        while (time.GetElapsedTime(heard) < SilenceDeadline)
        {
            if (child.Ended.IsCompleted) return FaultOf(await child.Ended, child.LastLines);
            var answer = await AskAsync(stop);
            if (answer is "+PONG") return null;
            if (answer is not null && !answer.StartsWith("-LOADING", StringComparison.Ordinal))
                return $"something else than our redis-server answers at port {endpoint.Port} ({answer}): stop it, or choose another port";
            if (answer is not null) heard = time.GetTimestamp();
            await Task.Delay(Pause, time, stop);
        }

        return $"redis-server (process {child.ProcessId}) does not answer at port {endpoint.Port} within {SilenceDeadline.TotalSeconds:0} s";
    }

    private async Task<string?> AskAsync(CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(SilenceDeadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            return await RedisCall.AskAsync(endpoint, either.Token, "PING");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return null;
        }
    }

    private static string FaultOf(int code, IReadOnlyList<string> lines) =>
        $"redis-server ended with code {code}: {(lines.Count == 0 ? "it printed nothing" : Reason(lines))}";

    // The reason is a warning line where there is one; the last line may be only a farewell.
    private static string Reason(IReadOnlyList<string> lines) =>
        (lines.LastOrDefault(line => line.Contains(" # ", StringComparison.Ordinal)) ?? lines[^1]).Trim();
}
