using System.Collections.Frozen;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Gateway.Reconciler.Exploring;
using Gateway.Reconciler.Planning;
using Gateway.Reconciler.Proving;
using Gateway.Reconciler.Storing;
using Gateway.Store;
using Microsoft.Extensions.Logging;

namespace Gateway.Reconciler;

/// <summary>
/// One round: what changed is cut out of the book, what stands is read, the plan is made and written, and the book takes over
/// what was written. When somebody else wrote meanwhile, it looks again.
/// </summary>
internal sealed partial class Planner(
    ReconciledNode node,
    ReconcilerOptions options,
    ReservationBook book,
    IActualReader reader,
    TunnelSecrets secrets,
    HostProofs proofs,
    PlanApplier applier,
    Outbox outbox,
    Inbox inbox,
    ReconcilerMetrics metrics,
    TimeProvider time,
    ILogger<Planner> log)
{
    private static readonly ActivitySource Spans = new("Gateway.Reconciler");

    /// <summary>Looks after which somebody who writes all the time wins, and the round is left for later.</summary>
    private const int Looks = 5;

    /// <summary>Decisions that get a line each; more at once are summed up.</summary>
    private const int LinesAtOnce = 20;

    private readonly HashSet<Model.DomainName> _heldByOthers = [];
    private bool _isUnanswered;
    private readonly FrozenSet<Model.DomainName> _ownNames = node.OwnNames;
    // The explorer of this process has a limit of its own, and its operator is the same.
    private readonly QuotaLimits _quotas = new(options.SubdomainsPerUser, options.ProxiesPerUser, options.TunnelsPerUser, options.DomainsPerUser, options.NamesPerUser, options.Explorer is null ? 0 : options.ReservationsPerMinute);
    private readonly FrozenSet<string> _reservedLabels = options.ReservedLabels.Select(it => it.ToLowerInvariant()).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Hosts outside all zones whose proof is gone for too long; null for none.</summary>
    public IReadOnlyDictionary<(Model.DomainName Host, long User), string>? Lapsed { get; set; }

    /// <summary>Users whom the operator froze.</summary>
    public IReadOnlySet<long> Frozen { get; set; } = FrozenSet<long>.Empty;

    /// <summary>
    /// Plans for these reservations, or for all without them. <paramref name="conflicts"/> is asked once when somebody stands in
    /// the way of new reservations, whose ids it is given: it may bring deletions, whose ids it gives, or null when nobody can say.
    /// Null: a later writer has taken over.
    /// </summary>
    public async Task<Plan?> RoundAsync(IReadOnlyCollection<string>? changed, long? cursor, Func<IEnumerable<string>, Task<IReadOnlyCollection<string>?>>? conflicts, CancellationToken stop)
    {
        using var span = Spans.StartActivity("reconcile", ActivityKind.Internal, default(ActivityContext));
        _isUnanswered = false;
        for (var look = 0; look < Looks; look++)
        {
            var slice = changed is null ? null : book.SliceOf(changed);
            var plan = await ComputeAsync(slice, stop);
            if (plan.HasConflict && conflicts is not null)
            {
                var more = await conflicts(plan.Conflicts);
                (changed, conflicts, _isUnanswered) = (changed is null ? null : [.. changed, .. more ?? []], null, more is null);
                continue;
            }

            var outcome = await ApplyAsync(plan, slice, cursor, stop);
            if (outcome is WriteOutcome.Fenced) return null;
            if (outcome is not WriteOutcome.Written) continue;
            span?.SetTag("gateway.changes", plan.Changes.Count()).SetTag("gateway.looks", look + 1);
            return plan;
        }

        throw new TimeoutException($"others changed the same places {Looks} times while they were planned, the last time {applier.LastConflict}");
    }

    /// <summary>The plan for everything, without a write.</summary>
    public Task<Plan> PreviewAsync(CancellationToken stop) => ComputeAsync(slice: null, stop);

    private async Task<Plan> ComputeAsync(BookSlice? slice, CancellationToken stop)
    {
        var desired = new DesiredState
        {
            GatewayId = node.Identity.Id,
            ManagedDomains = node.ManagedDomains,
            OwnNames = _ownNames,
            Live = book.LiveOf(slice),
            Ending = book.EndingOf(slice),
            Accepted = book.Accepted,
            Recalled = book.Recalled,
            Reported = book.Reported,
            Dialling = node.Dialling,
            OwnAddresses = node.OwnAddresses(),
            ReservedLabels = _reservedLabels,
            ForeignHosts = options.ForeignHosts,
            Frozen = Frozen,
            Lapsed = Lapsed ?? FrozenDictionary<(Model.DomainName, long), string>.Empty,
            Quotas = _quotas,
            Holdings = book.Holdings,
            Pace = book.Pace,
            Now = time.GetUtcNow(),
            Quarantine = options.Quarantine,
            IsUnanswered = _isUnanswered,
        };
        var applied = book.AppliedOf(slice);
        desired = desired with { Secrets = await secrets.ReadAsync(desired.Live.Where(it => !book.Accepted.Contains(it.Id)), stop) };
        var read = slice is null
            ? await reader.ReadAllAsync(Zones(desired), stop)
            : await reader.ReadAsync(new Footprint(slice, desired, applied), stop);
        if (slice is null && read.Unreadable.Count > 0) Unreadable(read.Unreadable.Count, string.Join(", ", read.Unreadable.Take(LinesAtOnce)));
        var actual = read.Build(applied, outbox.Pending(slice));
        inbox.MarkAccepted();
        var plan = Plan.Compute(desired, actual);
        if (plan.WantedProofs.Count > 0)
        {
            desired = desired with { Proofs = await proofs.ByReservationAsync([.. plan.WantedProofs.Select(it => new ProofQuestion(book.Live[it.Key].Name!.Value, book.Live[it.Key].Content.User, it.Value.Zone, it.Key, it.Value.Holder))], stop) };
            plan = Plan.Compute(desired, actual);
        }

        if (plan.WantedSecrets.Count == 0) return plan;
        var more = await secrets.ReadAsync(plan.WantedSecrets.Select(id => book.Live[id]), stop);
        return Plan.Compute(desired with { Secrets = desired.Secrets.Concat(more).ToDictionary() }, actual);
    }

    private IEnumerable<Model.DomainName> Zones(DesiredState desired) =>
        desired.Live.Concat(book.Applied.Values).Where(it => it.IsDelegation).Select(it => it.Name!.Value).Concat(node.ManagedDomains);

    private async Task<WriteOutcome> ApplyAsync(Plan plan, BookSlice? slice, long? cursor, CancellationToken stop)
    {
        var ended = book.EndingOf(slice).ToList();
        if (plan.Steps.Count == 0 && cursor is null) return Settle(plan, ended);
        var now = time.GetUtcNow();
        var encode = applier.Encode(now);
        var written = new Dictionary<string, long>();
        try
        {
            var outcome = await applier.ApplyAsync(plan.Steps, cursor, now, Note, stop);
            return outcome is WriteOutcome.Written ? Settle(plan, ended) : outcome;
        }
        finally
        {
            foreach (var (kind, count) in written) metrics.Changes.Add(count, new KeyValuePair<string, object?>("kind", kind));
        }

        void Note(PlanStep step)
        {
            book.Settle(step);
            foreach (var change in step.Changes)
            {
                CollectionsMarshal.GetValueRefOrAddDefault(written, change.GetType().Name, out _)++;
                if (change is Change.Report it) outbox.Add(new WaitingReport(it.Reservation.Id, encode.ToEntry(it.Reservation, it.Content)));
            }
        }
    }

    private WriteOutcome.Written Settle(Plan plan, List<LiveReservation> ended)
    {
        foreach (var it in plan.Outcomes)
            if (it.Value is Outcome.Rejected) metrics.Refusals.Add(1);
        metrics.PlanSize.Record(plan.Changes.Count());
        Say(plan, ended);
        book.Settle(plan.Outcomes);
        book.Ended(ended);
        return new WriteOutcome.Written(0);
    }

    private void Say(Plan plan, List<LiveReservation> ended)
    {
        foreach (var (domain, holder) in plan.RefusedDomains)
            if (_heldByOthers.Add(domain)) HeldByAnother(domain.ToString(), holder);
        _heldByOthers.IntersectWith(plan.RefusedDomains.Keys);
        var served = plan.Changes.OfType<Change.Remember>().Select(it => it.Reservation).ToList();
        var refused = plan.Outcomes.Where(it => it.Value is Outcome.Rejected).ToList();
        if (served.Count + refused.Count + ended.Count > LinesAtOnce)
        {
            Many(served.Count, refused.Count, ended.Count);
            return;
        }

        foreach (var it in served) Served(it.Id, it.Category.ToString(), it.Name?.ToString() ?? "", it.Content.User);
        foreach (var (id, outcome) in refused) Refused(id, ((Outcome.Rejected)outcome).Reason);
        foreach (var it in ended) Ended(it.Id, it.Name?.ToString() ?? "", it.Content.User);
    }

    [LoggerMessage(3301, LogLevel.Information, "Reservation {Reservation} is served: {Kind} {Name} of user {User}")]
    private partial void Served(string reservation, string kind, string name, long user);

    [LoggerMessage(3302, LogLevel.Information, "Reservation {Reservation} is refused: {Reason}")]
    private partial void Refused(string reservation, string reason);

    [LoggerMessage(3303, LogLevel.Information, "Reservation {Reservation} has ended: {Name} of user {User}")]
    private partial void Ended(string reservation, string name, long user);

    [LoggerMessage(3304, LogLevel.Information, "{Served} reservations are served, {Refused} are refused, {Ended} have ended")]
    private partial void Many(int served, int refused, int ended);

    [LoggerMessage(3305, LogLevel.Error, "The domain {Domain} cannot be managed, because somebody else holds it: {Holder}. It is not announced to the explorer; take it out of the domains, or let its holder give it up")]
    private partial void HeldByAnother(string domain, string holder);

    [LoggerMessage(3306, LogLevel.Warning, "{Count} values in Redis cannot be decoded: {Places}; those that a reservation is about are written again")]
    private partial void Unreadable(int count, string places);
}
