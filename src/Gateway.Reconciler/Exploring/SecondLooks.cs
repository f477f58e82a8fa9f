namespace Gateway.Reconciler.Exploring;

/// <summary>
/// Reservations whose good result the explorer took, and that have not been seen since. With the result an explorer of the old kind
/// strikes whatever waits in its work queue about that reservation, a deletion of the same moment included (the reservation API
/// contract, section 1.7): then only the collection still says that it is to end. Pure; in order of ids, as the pages are.
/// </summary>
internal sealed class SecondLooks
{
    private readonly SortedSet<long> _ids = [];

    /// <summary>How many there are; never more than reservations.</summary>
    public int Count => _ids.Count;

    /// <summary>Where the next page has to begin.</summary>
    public long From => _ids.Min;

    /// <summary>To be looked at once more.</summary>
    /// <param name="id">A global workload id; another one is nothing that a page could show.</param>
    public void Add(string id)
    {
        var end = id.IndexOf('-', StringComparison.Ordinal);
        if (end > 0 && long.TryParse(id.AsSpan(0, end), out var number)) _ids.Add(number);
    }

    /// <summary>Takes out what a page that was asked for from <see cref="From"/> showed, or would have shown if it were there.</summary>
    /// <param name="page">The answer.</param>
    /// <param name="isMoreBehind">Whether ids above its highest were left for the next page.</param>
    public void Saw(PolledPage page, bool isMoreBehind)
    {
        if (isMoreBehind) _ids.RemoveWhere(id => id <= page.Highest);
        else _ids.Clear();
    }
}
