using Gateway.Reconciler.Planning;

namespace Gateway.Reconciler.Exploring;

/// <summary>
/// Reservations that no page of the last full reading showed: of each the explorer is asked by itself whether it still stands. Those
/// that it does not answer for stay open, and are asked about again.
/// </summary>
internal sealed class Enquiries(Inbox inbox, ReservationBook book)
{
    /* Enough to find every lost deletion within a few turns, and no flood when the explorer lost everything. */
    private const int MostAtOnce = 1000;

    private readonly Queue<string> _open = [];

    /// <summary>How many are open.</summary>
    public int Count => _open.Count;

    /// <summary>Why the last question was not answered, in one line; null when it was, or there was none.</summary>
    public string? Fault { get; private set; }

    /// <summary>The one that is asked about next; null for none.</summary>
    public string? Next => _open.TryPeek(out var id) ? id : null;

    /// <summary>Asks about these from now on, and about no others.</summary>
    public void Begin(IEnumerable<string> unseen)
    {
        Fault = null;
        _open.Clear();
        foreach (var id in unseen) _open.Enqueue(id);
    }

    /// <summary>Asks about some, up to the first that the explorer does not answer for: that one comes last then.</summary>
    /// <returns>Those that changed, and those that the explorer does not know.</returns>
    public async Task<(IReadOnlyCollection<string> Changed, IReadOnlyList<string> Unknown)> AskSomeAsync(CancellationToken stop)
    {
        var (changed, unknown) = (new List<string>(), new List<string>());
        Fault = null;
        for (var asked = 0; asked < MostAtOnce && Fault is null && _open.TryPeek(out var id); asked++)
        {
            if (book.Live.TryGetValue(id, out var it)) Fault = await inbox.AskAsync(it, changed, unknown, stop);
            _open.Dequeue();
            if (Fault is not null) _open.Enqueue(id);
        }

        return (changed, unknown);
    }
}
