namespace Gateway.Router.Tunnelling;

/// <summary>
/// The end of a session whose stream ids run out, which yamux never uses again: the client is told to take another, the visitors who
/// are here finish, and then it is closed. A client that stays nevertheless is closed at a quiet moment, or when nobody can come any more.
/// </summary>
internal sealed class Retirement(TunnelSession tunnel, Tunnels tunnels, TimeProvider time)
{
    /// <summary>A client that knows what a go-away means has dialled anew long before.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Returns when the session is to be closed, or at the stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await tunnel.RunsOut.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (stop.IsCancellationRequested) return;
        var told = time.GetTimestamp();
        await tunnel.LeaveAsync(() => IsDone(time.GetElapsedTime(told)), time, stop);
    }

    private bool IsDone(TimeSpan since)
    {
        var isFollowed = tunnels.IsFollowed(tunnel);
        return tunnel.Streams <= 0 ? isFollowed || since >= Patience : !isFollowed && !tunnel.IsOpen;
    }
}
