using System.Collections.Concurrent;

namespace Gateway.Transport.Yamux;

/// <summary>The streams that are open, by id, and the ids that are ours to give.</summary>
internal sealed class StreamTable(YamuxRole role, YamuxOptions options)
{
    /// <summary>With so many ids left it is time for another session: minutes at the fastest pace of visitors.</summary>
    public const uint Reserve = 1 << 20;

    private readonly ConcurrentDictionary<uint, YamuxStream> _streams = new();

    // Over, but not read to the end: they hold memory as the open ones do.
    private readonly ConcurrentDictionary<YamuxStream, bool> _unread = new();
    private readonly Lock _gate = new();
    private long _nextId = options.FirstId ?? (role == YamuxRole.Client ? 1u : 2u);
    private int _count;
    private bool _closed;

    /// <summary>How many are open.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>True when few ids are left to give.</summary>
    public bool RunsOut => Volatile.Read(ref _nextId) > uint.MaxValue - (2 * Reserve);

    /// <summary>True when none is left.</summary>
    public bool IsUsedUp => Volatile.Read(ref _nextId) > uint.MaxValue;

    /// <summary>True for the ids that the peer opens: even ones when we dialled, odd ones when it did.</summary>
    public bool IsPeers(uint id) => id % 2 == (role == YamuxRole.Client ? 0u : 1u);

    /// <summary>An open stream, or null.</summary>
    public YamuxStream? Find(uint id) => _streams.GetValueOrDefault(id);

    /// <summary>A new stream of ours; null when the table is full or closed, or all ids are used up.</summary>
    public YamuxStream? TryOpen(YamuxSession session)
    {
        lock (_gate)
        {
            if (_closed || _count >= options.MaxStreams || IsUsedUp) return null;
            var stream = new YamuxStream((uint)_nextId, isOurs: true, session);
            _nextId += 2;
            return Add(stream);
        }
    }

    /// <summary>A new stream of the peer; null when the table is full or closed.</summary>
    public YamuxStream? TryTake(uint id, YamuxSession session)
    {
        lock (_gate) return _closed || _count >= options.MaxStreams ? null : Add(new YamuxStream(id, isOurs: false, session));
    }

    /// <summary>The stream is over. False: it was gone before.</summary>
    public bool Remove(YamuxStream stream)
    {
        lock (_gate)
        {
            if (!_streams.TryRemove(new KeyValuePair<uint, YamuxStream>(stream.Id, stream))) return false;
            _count--;
        }
        KeepUnread(stream);
        return true;
    }

    /// <summary>Nobody will read any more of a stream that is over.</summary>
    public void Drop(YamuxStream stream) => _unread.TryRemove(stream, out _);

    /// <summary>The one with most bytes that nobody has read, be it open or over.</summary>
    public YamuxStream? Fullest() => _streams.Select(stream => stream.Value).Concat(_unread.Select(stream => stream.Key)).MaxBy(stream => stream.Buffered);

    /// <summary>Takes none any more, and gives all that are open.</summary>
    public ICollection<YamuxStream> Close()
    {
        lock (_gate)
        {
            _closed = true;
            return _streams.Values;
        }
    }

    // Whoever drops it gives its bytes up first: seen empty after it is in, it must not stay.
    private void KeepUnread(YamuxStream stream)
    {
        if (stream.Buffered == 0) return;
        _unread[stream] = true;
        if (stream.Buffered == 0) Drop(stream);
    }

    private YamuxStream Add(YamuxStream stream)
    {
        _streams[stream.Id] = stream;
        _count++;
        return stream;
    }
}
