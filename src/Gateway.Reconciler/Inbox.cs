using Gateway.ExplorerApi;
using Gateway.Model.ExplorerApi;
using Gateway.Reconciler.Exploring;
using Gateway.Reconciler.Planning;

namespace Gateway.Reconciler;

/// <summary>
/// Reads what the explorer wants of this gateway into the book (the reservation API contract, section 1.7). Whatever is
/// delivered twice changes nothing the second time.
/// </summary>
internal sealed class Inbox(string nodeId, ExplorerClient explorer, ReservationBook book, Outbox outbox, ReconcilerMetrics metrics)
{
    /// <summary>Beyond every id: such a poll shows the work queue alone, where deletions wait.</summary>
    private const long BeyondAll = long.MaxValue - 1;

    /// <summary>Of so many that stand in the way of one reservation is asked: one that stands is enough to refuse it.</summary>
    private const int MostOpponents = 20;

    /// <summary>Workloads on a page that has more behind it.</summary>
    private const int FullPage = 200;

    /// <summary>Full pages that are planned together: what a round costs by itself is shared by more, and it still takes some tenths of a second.</summary>
    private const int PagesAtOnce = 10;

    // Told since the page that is looked at may have been made: it does not show that yet.
    private HashSet<string> _told = [];
    private HashSet<string> _toldBefore = [];

    private readonly SecondLooks _again = new();

    // Whatever the explorer has shown since the start: of the rest nobody knows whether it still stands.
    private readonly HashSet<string> _seen = [];
    private (long From, Task<List<PolledPage>> Answers)? _ahead;
    private int _asked;

    /// <summary>The highest id taken so far; the next poll asks for what comes after it.</summary>
    public long Cursor { get; set; }

    /// <summary>Whether results were taken that may each have hidden a deletion: see <see cref="LookAgainAsync"/>.</summary>
    public bool HasToLookAgain => _again.Count > 0;

    /// <summary>Why the last poll brought nothing, in one line; null when it answered.</summary>
    public string? Fault { get; private set; }

    /// <summary>
    /// What comes from an id on, of as many full pages as are planned together; null when the explorer did not answer. When it falls
    /// silent after the first page, those that came are given. When there is more, it is asked for at once, and is here when this is
    /// dealt with.
    /// </summary>
    public async Task<InboxPage?> ReadAsync(long from, CancellationToken stop)
    {
        var asked = _ahead is { } ahead && ahead.From == from ? ahead.Answers : AskAsync(from, stop);
        _ahead = null;
        var answers = await asked;
        MarkAccepted();
        InboxPage? all = null;
        foreach (var answer in answers)
            if (Take(answer) is { } page) all = all?.With(page) ?? page;
        if (answers.Count == PagesAtOnce && all is not null && IsMoreBehind(answers[^1], from)) _ahead = (all.Highest + 1, AskAsync(all.Highest + 1, stop));
        return all;
    }

    /// <summary>Notes whose good result the explorer took. After the reports that wait were looked at: what waits no more is then known as told.</summary>
    public void MarkAccepted()
    {
        foreach (var id in outbox.TakeAccepted())
        {
            book.Mark(id, isReported: true);
            _told.Add(id);
            _again.Add(id);
        }
    }

    /// <summary>Awaits what is still asked for. After the token has fired.</summary>
    public Task EndAsync() => _ahead?.Answers ?? Task.CompletedTask;

    /// <summary>Takes the deletions that wait in the queue; gives the ids that changed.</summary>
    public async Task<IReadOnlyCollection<string>> DrainAsync(CancellationToken stop)
    {
        // Pages that were asked for before still show as living what these deletions end.
        _ahead = null;
        Interlocked.Increment(ref _asked);
        var answer = await explorer.PollAsync(nodeId, BeyondAll, stop);
        MarkAccepted();
        return Take(PolledPage.Of(answer, nodeId))?.Changed ?? [];
    }

    /// <summary>
    /// Takes a page of those whose result the explorer took since they were last seen: a deletion that came just before the result may
    /// have left the queue with it. Gives the ids that changed.
    /// </summary>
    public async Task<IReadOnlyCollection<string>> LookAgainAsync(CancellationToken stop)
    {
        var from = _again.From;
        var answer = PolledPage.Of(await explorer.PollAsync(nodeId, from, stop), nodeId);
        if (answer.Fault is null) _again.Saw(answer, IsMoreBehind(answer, from));
        MarkAccepted();
        return Take(answer)?.Changed ?? [];
    }

    /// <summary>Asks about one reservation that no page showed. Gives why the explorer did not answer, in one line; null when it did.</summary>
    public async Task<string?> AskAsync(LiveReservation about, List<string> changed, List<string> unknown, CancellationToken stop)
    {
        switch (await explorer.GetWorkloadAsync(about.Id, stop))
        {
            case ExplorerOutcome<Workload>.Ok { Value: var workload }:
                if (TakeOne(Delivery.Of(workload, workload.NodeId))) changed.Add(about.Id);
                return null;
            case ExplorerOutcome<Workload>.Refused { Status: 404 }:
                unknown.Add(about.Id);
                return null;
            case var fault:
                return fault.ToString();
        }
    }

    /// <summary>
    /// Asks about what stands in the way of a new reservation, as far as the explorer has not shown it since the start: a Redis that was
    /// restored may hold what ended since. Gives the ids that changed; null when the explorer did not answer.
    /// </summary>
    public async Task<IReadOnlyCollection<string>?> AskAboutOpponentsAsync(string id, CancellationToken stop)
    {
        var (changed, unknown) = (new List<string>(), new List<string>());
        foreach (var it in book.Opposing(id).Where(it => !_seen.Contains(it.Id)).Take(MostOpponents).ToList())
            if (await AskAsync(it, changed, unknown, stop) is not null) return null;
        return changed;
    }

    private bool TakeOne(Delivery delivery)
    {
        var isNew = !_seen.Contains(delivery.Reservation.Id);
        if (!delivery.IsEnding) Saw(delivery.Reservation.Id);
        if (!delivery.IsEnding) return false;
        if (!delivery.IsOver || !isNew) return Take(delivery);
        if (outbox.EndsSoon(delivery.Reservation.Id)) return false;
        book.Bury(delivery.Reservation);
        return true;
    }

    private void Saw(string id)
    {
        _seen.Add(id);
        book.Confirm(id);
    }

    private Task<List<PolledPage>> AskAsync(long from, CancellationToken stop)
    {
        MarkAccepted();
        (_toldBefore, _told) = (_told, []);
        return AskAsync(from, Interlocked.Increment(ref _asked), stop);
    }

    // Beside the loop: it touches nothing that is the loop's, and ends early when something else was asked meanwhile.
    private async Task<List<PolledPage>> AskAsync(long from, int number, CancellationToken stop)
    {
        var answers = new List<PolledPage>();
        while (true)
        {
            var answer = PolledPage.Of(await explorer.PollAsync(nodeId, from, stop), nodeId);
            answers.Add(answer);
            if (answers.Count == PagesAtOnce || number != Volatile.Read(ref _asked) || !IsMoreBehind(answer, from)) return answers;
            from = answer.Highest + 1;
        }
    }

    private static bool IsMoreBehind(PolledPage answer, long from) => answer.Count >= FullPage && answer.Highest >= from;

    private InboxPage? Take(PolledPage answer)
    {
        Fault = answer.Fault;
        metrics.Polls.Add(1, new KeyValuePair<string, object?>("outcome", Fault is null ? "answered" : "failed"));
        return Fault is null ? TakeAll(answer) : null;
    }

    private InboxPage TakeAll(PolledPage page)
    {
        var changed = new List<string>();
        var ids = new List<string>(page.Deliveries.Count);
        foreach (var delivery in page.Deliveries)
        {
            ids.Add(delivery.Reservation.Id);
            if (!delivery.IsEnding) Saw(delivery.Reservation.Id);
            if (Take(delivery)) changed.Add(delivery.Reservation.Id);
        }

        return new InboxPage(ids, changed, page.Highest, page.Count, page.LastId);
    }

    /// <summary>True when the delivery says something new.</summary>
    private bool Take(Delivery delivery)
    {
        var it = delivery.Reservation;
        if (outbox.EndsSoon(it.Id)) return false;
        if (delivery.IsEnding)
        {
            book.End(it);
            return true;
        }

        if (!book.Live.TryGetValue(it.Id, out var known) || (delivery.IsReadable && known != it))
        {
            book.Add(it, delivery.HasOkResult);
            return true;
        }

        // The explorer shows no result although we know of none on its way: it was lost, and is told again.
        if (delivery.HasOkResult || outbox.Knows(it.Id) || _told.Contains(it.Id) || _toldBefore.Contains(it.Id) || !book.Reported.Contains(it.Id)) return false;
        book.Mark(it.Id, isReported: false);
        return true;
    }
}

/// <summary>What one poll, or some that followed each other, brought.</summary>
/// <param name="Ids">Every reservation of this gateway that it showed.</param>
/// <param name="Changed">Those that say something new.</param>
/// <param name="Highest">The highest id on it; 0 when it was empty.</param>
/// <param name="Count">How many elements it had, the unreadable ones included.</param>
/// <param name="LastId">What the explorer gave as X-Last-Id; 0 when it did not.</param>
internal sealed record InboxPage(IReadOnlyCollection<string> Ids, IReadOnlyCollection<string> Changed, long Highest, int Count, long LastId)
{
    /// <summary>Both as one.</summary>
    public InboxPage With(InboxPage next) => new([.. Ids, .. next.Ids], [.. Changed, .. next.Changed], Math.Max(Highest, next.Highest), Count + next.Count, next.LastId);
}
