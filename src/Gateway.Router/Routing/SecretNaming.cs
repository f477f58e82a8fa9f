namespace Gateway.Router.Routing;

/// <summary>A tunnel secret while routes name it. Once none does, it is over: when some route names the secret again, that is another one.</summary>
internal sealed class SecretNaming
{
    private int _left;
    private int _routes;
    private volatile bool _letsFinish;

    /// <summary>Cancelled when no route names the secret any more.</summary>
    public CancellationToken Unnamed => Over.Token;

    /// <summary>
    /// True: a route that named it was changed, and its visitors may finish. Those of deleted routes are cut by themselves, so a tunnel
    /// that only such routes named has nobody to wait for. Final when <see cref="Unnamed"/> is cancelled.
    /// </summary>
    public bool LetsFinish => _letsFinish;

    // It has neither timer nor wait handle, so there is nothing to dispose of.
    private CancellationTokenSource Over { get; } = new();

    /// <summary>One more route names it. Under the lock of the table, as <see cref="Remove"/>.</summary>
    public void Add() => _routes++;

    /// <summary>One route less names it, because it was changed or because it is gone. True when it was the last one.</summary>
    public bool Remove(bool isChange)
    {
        if (isChange) _letsFinish = true;
        return --_routes == 0;
    }

    /// <summary>Tells that no route names it any more.</summary>
    public void End() => Over.Cancel();

    /// <summary>A client is gone, and nobody took its place yet.</summary>
    public void NoteLeft() => Interlocked.Increment(ref _left);

    /// <summary>A client has come. True when it takes the place of one that is gone.</summary>
    public bool NoteCame()
    {
        var isBack = Interlocked.Decrement(ref _left) >= 0;
        if (!isBack) Interlocked.Increment(ref _left);
        return isBack;
    }
}
