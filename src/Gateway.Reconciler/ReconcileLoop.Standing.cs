using Gateway.Model.ExplorerApi;
using Gateway.Reconciler.Planning;

namespace Gateway.Reconciler;

/// <summary>How it stands: what is served and waits, and what is away.</summary>
public sealed partial class ReconcileLoop
{
    /// <summary>Before the first word from Redis, its silence is no fault to report.</summary>
    private const string NotReadYet = "not read yet";

    private readonly HashSet<string> _deferred = [];
    private volatile ReconcilerStatus _status = new(0, 0, 0, IsLoaded: false, ExplorerFault: null, StoreFault: NotReadYet);

    /// <summary>How it stands now.</summary>
    // The gauges may be read while the parts are still put together.
    public ReconcilerStatus Status => _status with { Waiting = _outbox?.Count ?? 0, IsRegistered = _registration?.IsRegistered ?? false };

    private void NoteOutcomes(Plan plan)
    {
        foreach (var (id, outcome) in plan.Outcomes)
        {
            if (outcome is Outcome.Deferred it && _deferred.Add(id)) Deferred(id, it.Reason);
            else if (outcome is not Outcome.Deferred) _deferred.Remove(id);
        }

        _deferred.RemoveWhere(id => !_book.Live.ContainsKey(id));
        _registration.Serve(Count());
        _registration.Announce([.. _managed.Where(it => !plan.RefusedDomains.ContainsKey(it))]);
        _status = _status with { Served = _book.Applied.Count, Deferred = _deferred.Count, IsLoaded = true, HeldByOthers = plan.RefusedDomains };
    }

    private WorkloadAmount Count()
    {
        return new WorkloadAmount
        {
            Proxy = Of(WorkloadType.Proxy),
            ReverseProxy = Of(WorkloadType.ReverseProxy),
            Subdomain = Of(WorkloadType.Subdomain),
            DelegateDomain = Of(WorkloadType.DomainDelegate),
        };

        ushort Of(WorkloadType kind) => (ushort)Math.Min(_book.ServedOf(kind), ushort.MaxValue);
    }

    private void NoteFault()
    {
        _metrics.Failed("explorer");
        if (_status.ExplorerFault is null) ExplorerAway(_inbox.Fault!);
        _status = _status with { ExplorerFault = _inbox.Fault };
    }

    private void StoreStands()
    {
        if (_status.StoreFault is not null and not NotReadYet && _status.IsLoaded) StoreIsBack();
        if (_status.ExplorerFault is not null && _inbox.Fault is null) ExplorerIsBack();
        _storePause.Reset();
        _status = _status with { StoreFault = null, ExplorerFault = _inbox.Fault };
    }

    private void StoreFails(string fault)
    {
        if (_status.StoreFault != fault) StoreAway(fault);
        _status = _status with { StoreFault = fault };
    }
}
