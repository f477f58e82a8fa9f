using System.Collections.Concurrent;
using Gateway.Model;

namespace Gateway.Router.Routing;

/// <summary>
/// The tunnel secrets that routes name, with a count of the routes, because several hosts may share one tunnel. Read from any
/// thread; written under the lock of the table that owns it.
/// </summary>
internal sealed class KnownSecrets
{
    private readonly ConcurrentDictionary<Secret, Entry> _entries = new();

    /// <summary>How many there are.</summary>
    public int Count => _entries.Count;

    /// <summary>True when a route names it; <paramref name="forgotten"/> is cancelled when the last such route is gone.</summary>
    public bool TryGet(Secret secret, out CancellationToken forgotten)
    {
        var known = _entries.TryGetValue(secret, out var entry);
        forgotten = known ? entry!.Forgotten.Token : CancellationToken.None;
        return known;
    }

    /// <summary>One more route names it.</summary>
    public void Add(Secret secret) => _entries.GetOrAdd(secret, _ => new Entry()).Routes++;

    /// <summary>A client of this tunnel is gone.</summary>
    public void NoteLeft(Secret secret)
    {
        if (_entries.TryGetValue(secret, out var entry)) Interlocked.Increment(ref entry.Left);
    }

    /// <summary>A client of this tunnel has come. True when it takes the place of one that is gone.</summary>
    public bool NoteCame(Secret secret)
    {
        if (!_entries.TryGetValue(secret, out var entry)) return false;
        var isBack = Interlocked.Decrement(ref entry.Left) >= 0;
        if (!isBack) Interlocked.Increment(ref entry.Left);
        return isBack;
    }

    /// <summary>One route less names it.</summary>
    public void Remove(Secret secret)
    {
        if (!_entries.TryGetValue(secret, out var entry) || --entry.Routes > 0) return;
        _entries.TryRemove(secret, out _);
        entry.Forgotten.Cancel();
    }

    private sealed class Entry
    {
        // Clients that are gone and whose place nobody took yet.
        public int Left;

        public int Routes { get; set; }

        public CancellationTokenSource Forgotten { get; } = new();
    }
}
