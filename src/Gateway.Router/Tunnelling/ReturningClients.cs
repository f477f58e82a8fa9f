using System.Collections.Concurrent;
using Gateway.Model;

namespace Gateway.Router.Tunnelling;

/// <summary>
/// Tunnel clients on their way back after the node was started: they were told to take another session, or lost theirs, and dial
/// at once. A visitor who is faster waits for a moment instead of getting an error page.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class ReturningClients(TimeProvider time)
{
    // One for each secret that a visitor waited for, and only secrets that routes name are waited for.
    private readonly ConcurrentDictionary<Secret, TaskCompletionSource> _awaited = new();
    private long _began;
    private TimeSpan _within;

    /// <summary>From now on, for so long, clients are expected. Before that, nobody waits.</summary>
    public void Expect(TimeSpan within) => (_began, _within) = (time.GetTimestamp(), within);

    /// <summary>Waits until a client came, or none is expected any more, or the visitor was told to stop. It throws nothing.</summary>
    /// <param name="secret">Whose.</param>
    /// <param name="isHere">Whether it came meanwhile.</param>
    /// <param name="stop">Ends the waiting.</param>
    public async Task WaitAsync(Secret secret, Func<bool> isHere, CancellationToken stop)
    {
        var left = _within - time.GetElapsedTime(_began);
        if (left <= TimeSpan.Zero) return;
        var coming = _awaited.GetOrAdd(secret, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        // Asked again, for one may have come before anybody waited.
        if (!isHere()) await coming.Task.WaitAsync(left, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Not before: others may wait for the same.
        if (time.GetElapsedTime(_began) >= _within) _awaited.TryRemove(secret, out _);
    }

    /// <summary>A client is there: whoever waits for it goes on.</summary>
    public void Came(Secret secret)
    {
        if (!_awaited.IsEmpty && _awaited.TryRemove(secret, out var coming)) coming.SetResult();
    }
}
