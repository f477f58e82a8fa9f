using Microsoft.Extensions.Logging;

namespace Gateway.Reconciler;

/// <summary>What the loop tells the operator: once for each change of how things stand.</summary>
public sealed partial class ReconcileLoop
{
    [LoggerMessage(3001, LogLevel.Information, "{Served} reservations are served as Redis keeps them; {Waiting} reports wait")]
    private partial void Loaded(int served, int waiting);

    [LoggerMessage(3002, LogLevel.Error, "A value of the reconciler in Redis cannot be read: {Fault}")]
    private partial void NotReadable(string fault);

    [LoggerMessage(EventId = 3003, Message = "Redis did not say what it should: {Count} places were written ({Kinds})")]
    private partial void Repaired(LogLevel level, int count, string kinds);

    [LoggerMessage(3004, LogLevel.Warning, "The explorer cannot be polled: {Fault}; what is served stays as it is")]
    private partial void ExplorerAway(string fault);

    [LoggerMessage(3005, LogLevel.Information, "The explorer can be polled again")]
    private partial void ExplorerIsBack();

    [LoggerMessage(3006, LogLevel.Warning, "Nothing can be written to Redis: {Fault}; trying again in the background")]
    private partial void StoreAway(string fault);

    [LoggerMessage(3007, LogLevel.Information, "Redis takes writes again")]
    private partial void StoreIsBack();

    [LoggerMessage(3008, LogLevel.Warning, "The reconciler {Instance} writes to this Redis: this one stands by, and writes when that one is gone")]
    private partial void StandsBy(string instance);

    [LoggerMessage(3013, LogLevel.Information, "This reconciler writes again: it holds the lease on Redis")]
    private partial void Writing();

    [LoggerMessage(3014, LogLevel.Warning, "The operator froze or unfroze these users: {Users}; {Frozen} are frozen now")]
    private partial void FrozenChanged(int frozen, string users);

    [LoggerMessage(3015, LogLevel.Warning, "The DNS does not show any more that {Host} belongs to user {User}; unless it does again within {Grace}, its visitors go there no longer")]
    private partial void ProofIsGone(string host, long user, TimeSpan grace);

    [LoggerMessage(3016, LogLevel.Information, "The DNS shows again that {Host} belongs to user {User}")]
    private partial void ProofIsBack(string host, long user);

    [LoggerMessage(3017, LogLevel.Error, "{Count} hosts would lose their routes because their proofs are gone, so many at once that the resolver is to blame: they stay. Look after reconciler.resolvers")]
    private partial void ProofsHeld(int count);

    [LoggerMessage(3009, LogLevel.Warning, "{Count} reservations are unknown to the explorer, among them {Example}; they stay as they are")]
    private partial void UnknownToExplorer(int count, string example);

    [LoggerMessage(3010, LogLevel.Warning, "The explorer's highest id is {LastId}, but {Cursor} was seen: it was emptied or restored, so everything is asked for again")]
    private partial void ExplorerWentBack(long lastId, long cursor);

    [LoggerMessage(3011, LogLevel.Warning, "Reservation {Reservation} waits: {Reason}")]
    private partial void Deferred(string reservation, string reason);

    [LoggerMessage(3012, LogLevel.Error, "Redis lost what was written to it: it was emptied, replaced, or restored from a backup. Everything that the {Live} reservations say is written again")]
    private partial void StoreLostWrites(int live);

    [LoggerMessage(3018, LogLevel.Error, "Redis was emptied, replaced, or restored from a backup: the last-known-good copy has {Served} reservations, Redis {InRedis}. What the copy says is written again, with {Others} names that rest, proofs and frozen users; the explorer is asked for everything")]
    private partial void Recalled(int served, int inRedis, int others);

    [LoggerMessage(3019, LogLevel.Warning, "{Count} reservations vanished from Redis, or cannot be read there, while nobody looked: they are written again from the last-known-good copy. Find out who else writes there")]
    private partial void Vanished(int count);

    [LoggerMessage(3021, LogLevel.Information, "Catching up with the explorer: {Served} reservations are served, up to number {Number}")]
    private partial void CatchingUp(int served, long number);

    [LoggerMessage(3022, LogLevel.Information, "Caught up with the explorer: {Served} reservations are served, {Waiting} results wait to be reported")]
    private partial void HasCaughtUp(int served, int waiting);

    [LoggerMessage(3023, LogLevel.Warning, "The explorer does not say whether {Count} reservations that it did not list still stand, among them {Example}: {Fault}; they stay as they are, and it is asked again")]
    private partial void NotSaid(int count, string example, string fault);
}
