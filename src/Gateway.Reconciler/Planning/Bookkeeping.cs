using Gateway.Model;

namespace Gateway.Reconciler.Planning;

/// <summary>What a plan notes down beside names and routes: which reservations are served, and what the explorer has to hear.</summary>
internal sealed class Bookkeeping
{
    private readonly Dictionary<(DomainName Name, bool IsDelegation), List<Change>> _about = [];
    private readonly List<Change> _rest = [];
    private readonly ActualState _actual;

    public Bookkeeping(DesiredState desired, ActualState actual, Dictionary<string, Outcome> outcomes)
    {
        _actual = actual;
        foreach (var it in desired.Live.Order(LiveReservation.ById)) Note(it, outcomes[it.Id], desired.Reported.Contains(it.Id));
        foreach (var it in desired.Ending.Order(LiveReservation.ById)) NoteEnd(it);
        var kept = desired.Live.Concat(desired.Ending).Select(it => it.Id).ToHashSet();
        foreach (var it in actual.Applied.Values.Where(it => !kept.Contains(it.Id)).Order(LiveReservation.ById)) Add(it, new Change.Forget(it.Id));
    }

    /// <summary>Names (not zones) that something is noted about.</summary>
    public IEnumerable<DomainName> Names => _about.Keys.Where(it => !it.IsDelegation).Select(it => it.Name);

    /// <summary>The notes that belong to a name's, or a zone's, step. They are handed out once.</summary>
    public IEnumerable<Change> About(DomainName name, bool isDelegation) => _about.Remove((name, isDelegation), out var notes) ? notes : [];

    /// <summary>The notes of reservations without a name, and those that no step asked for.</summary>
    public IEnumerable<Change> Rest() => _about.OrderBy(it => it.Key.Name).SelectMany(it => it.Value).Concat(_rest);

    private void Note(LiveReservation it, Outcome outcome, bool isReported)
    {
        switch (outcome)
        {
            case Outcome.Accepted:
                if (!_actual.Applied.TryGetValue(it.Id, out var applied) || applied != it) Add(it, new Change.Remember(it));
                if (!isReported) Report(it, PendingReport.Ok);
                break;
            case Outcome.Rejected rejected:
                if (_actual.Applied.ContainsKey(it.Id)) Add(it, new Change.Forget(it.Id));
                if (!IsFailureWaiting(it)) Report(it, PendingReport.Failed(rejected.Reason));
                break;
        }
    }

    // A deletion is honoured whatever was reported before; an error that was not told yet is still told first.
    private void NoteEnd(LiveReservation it)
    {
        if (_actual.Applied.ContainsKey(it.Id)) Add(it, new Change.Forget(it.Id));
        if (!_actual.Outbox.TryGetValue(it.Id, out var pending) || !pending.Delete) Add(it, new Change.Report(it, PendingReport.Deleted));
    }

    // The first reason stands: the next look may find another one, and the user needs only one.
    private bool IsFailureWaiting(LiveReservation it) =>
        _actual.Outbox.TryGetValue(it.Id, out var pending) && pending is { HasResult: true, IsOk: false, Delete: true };

    private void Report(LiveReservation it, PendingReport content)
    {
        if (!_actual.Outbox.TryGetValue(it.Id, out var pending) || pending != content) Add(it, new Change.Report(it, content));
    }

    private void Add(LiveReservation it, Change change)
    {
        if (it.Name is not { } name)
        {
            _rest.Add(change);
            return;
        }

        var key = (name, it.IsDelegation);
        if (!_about.TryGetValue(key, out var notes)) _about[key] = notes = [];
        notes.Add(change);
    }
}
