namespace Gateway.Store.Feed;

/// <summary>What one reader still has to look at: some places, or everything. Safe for many writers and one taker.</summary>
internal sealed class PendingChanges
{
    // Past this many places reading everything is cheaper.
    private const int MaxPlaces = 65_536;

    private readonly Lock _lock = new();
    private readonly HashSet<KeyChange> _places = [];
    private bool _everything = true;
    private bool _behind = true;
    private bool _begun;
    private bool _built;

    /// <summary>True when a comparison is due.</summary>
    internal bool Everything
    {
        get { lock (_lock) return _everything; }
    }

    /// <summary>True when changes may have been missed and no comparison has succeeded since.</summary>
    internal bool IsBehind
    {
        get { lock (_lock) return _behind; }
    }

    /// <summary>True when a comparison has succeeded once.</summary>
    internal bool IsBuilt
    {
        get { lock (_lock) return _built; }
    }

    /// <summary>
    /// Adds a place. Before the first comparison has begun it is dropped: that comparison reads it anyway, and a reader that
    /// has nothing yet must not show one place alone.
    /// </summary>
    internal void Add(KeyChange change)
    {
        lock (_lock)
        {
            if ((!_built && !_begun) || (change.Field is not null && _places.Contains(change with { Field = null }))) return;
            if (_places.Count < MaxPlaces)
            {
                _places.Add(change);
                return;
            }

            _places.Clear();
            (_everything, _behind) = (true, true);
        }
    }

    /// <summary>Makes a comparison due.</summary>
    /// <param name="missed">True when changes may have been missed; false when it is a matter of routine.</param>
    internal void AddEverything(bool missed)
    {
        lock (_lock) (_everything, _behind) = (true, _behind || missed);
    }

    /// <summary>Hands over the places; a key as a whole stands for its fields.</summary>
    internal IReadOnlyList<KeyChange> Take()
    {
        lock (_lock)
        {
            if (!_built) return [];
            KeyChange[] taken = [.. _places.Where(place => place.Field is null || !_places.Contains(place with { Field = null }))];
            _places.Clear();
            return taken;
        }
    }

    /// <summary>A comparison begins: it reads whatever was added so far, but perhaps not what is added from here on.</summary>
    internal void BeginEverything()
    {
        lock (_lock)
        {
            _places.Clear();
            (_everything, _begun) = (false, true);
        }
    }

    /// <summary>The comparison has succeeded.</summary>
    internal void EndEverything()
    {
        lock (_lock) (_begun, _built, _behind) = (false, true, _behind && _everything);
    }

    /// <summary>A comparison, or a look at some places, came to nothing: another comparison is due.</summary>
    internal void Fail()
    {
        lock (_lock) (_begun, _everything, _behind) = (false, true, true);
    }
}
