using Gateway.Router.Routing;

namespace Gateway.Router.Tunnelling;

/// <summary>
/// Ends a session whose secret no route names any more: at once when those routes were deleted, and else behind the last of its
/// visitors, each of whom has his own idle time.
/// </summary>
internal sealed class Departure : IAsyncDisposable
{
    private readonly TunnelSession _tunnel;
    private readonly SecretNaming _naming;
    private readonly CancellationTokenSource _life;
    private readonly TimeProvider _time;
    private readonly CancellationTokenRegistration _told;
    private Task _leaving = Task.CompletedTask;

    /// <summary>Watches over a session that ends when <paramref name="life"/> is cancelled.</summary>
    public Departure(TunnelSession tunnel, SecretNaming naming, CancellationTokenSource life, TimeProvider time)
    {
        (_tunnel, _naming, _life, _time) = (tunnel, naming, life, time);
        _told = naming.Unnamed.UnsafeRegister(static it => ((Departure)it!).Begin(), this);
    }

    /// <summary>Why the session ends, for logs and metrics; null: not for its routes.</summary>
    public string? Reason => !_naming.Unnamed.IsCancellationRequested ? null : _naming.LetsFinish ? "RouteChanged" : "RouteDeleted";

    /// <summary>Waits until nothing of it runs; the session has to be over, or told to end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _told.DisposeAsync();
        await _leaving;
    }

    // Under the lock of the routes, so it starts what there is to do and waits for nothing.
    private void Begin()
    {
        if (_naming.LetsFinish) _leaving = LeaveAsync();
        else _life.Cancel();
    }

    private async Task LeaveAsync()
    {
        await _tunnel.LeaveAsync(() => _tunnel.Streams <= 0, _time, _life.Token);
        await _life.CancelAsync();
    }
}
