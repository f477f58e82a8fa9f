using Gateway.Model;
using Gateway.Store;

namespace Gateway.Reconciler;

/// <summary>
/// Wakes the loop. The explorer beside us counts a key up with every reservation that is new or deleted; the change feed hears
/// it, and the loop polls at once. The operator's word about a user wakes it too. Rings that come while the loop is busy are one ring.
/// </summary>
public sealed class Doorbell(string nodeId, TimeProvider time) : IChangeReader, IDisposable
{
    private readonly string _key = RedisSchema.ExplorerDoorbellKey(nodeId);
    private readonly SemaphoreSlim _rung = new(0, 1);
    private int _mayHaveMissed;
    private int _mayBeFrozen;
    private long _rungAt;

    /// <inheritdoc/>
    public string Name => "doorbell";

    /// <inheritdoc/>
    public bool Serves => false;

    /// <inheritdoc/>
    public IReadOnlyList<string> Patterns => [_key, RedisSchema.FrozenKey];

    /// <inheritdoc/>
    public bool Concerns(string key) => key == _key || key == RedisSchema.FrozenKey;

    /// <inheritdoc/>
    public Task ApplyAsync(IReadOnlyList<KeyChange> changes, CancellationToken stop)
    {
        if (changes.Any(change => change.Key == RedisSchema.FrozenKey)) Volatile.Write(ref _mayBeFrozen, 1);
        if (changes.Any(change => change.Key == _key)) PutBack(time.GetTimestamp());
        Ring();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task CompareAsync(CancellationToken stop)
    {
        Volatile.Write(ref _mayHaveMissed, 1);
        Volatile.Write(ref _mayBeFrozen, 1);
        Ring();
        return Task.CompletedTask;
    }

    /// <summary>True once after each time that changes in Redis may have been missed.</summary>
    internal bool TakeMissed() => Interlocked.Exchange(ref _mayHaveMissed, 0) == 1;

    /// <summary>When the explorer rang first since the last call, as a timestamp; null: it did not.</summary>
    internal long? TakeRungAt() => Interlocked.Exchange(ref _rungAt, 0) is not 0 and var at ? at : null;

    /// <summary>The ring of that time is still unheard; an earlier one counts.</summary>
    internal void PutBack(long? rung)
    {
        if (rung is { } at) Interlocked.CompareExchange(ref _rungAt, at, 0);
    }

    /// <summary>True once after each time that the operator may have frozen or unfrozen somebody.</summary>
    internal bool TakeFrozen() => Interlocked.Exchange(ref _mayBeFrozen, 0) == 1;

    /// <summary>Ends the wait that is under way, or the next one.</summary>
    internal void Ring()
    {
        lock (_rung)
        {
            if (_rung.CurrentCount == 0) _rung.Release();
        }
    }

    /// <summary>Waits for a ring, at most this long.</summary>
    internal async Task WaitAsync(TimeSpan longest, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        try
        {
            await _rung.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // Nobody rang: it is time to look by ourselves.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _rung.Dispose();
}
