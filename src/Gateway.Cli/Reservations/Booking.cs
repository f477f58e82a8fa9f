using Gateway.ExplorerApi;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Reservations;

/// <summary>How a reservation is made and given back: choose a gateway, hold a pool there, sign, send, and wait for the gateway's word.</summary>
internal sealed class Booking(Caller caller)
{
    // Nothing is paid; the old explorers want to know in what.
    private static readonly string[] Currencies = ["TFT"];

    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// The gateway that shall serve <paramref name="name"/>: the one asked for, else the one that manages the deepest zone above the
    /// name, else the only one there is.
    /// </summary>
    public async Task<Step<GatewayNode>> ChooseGatewayAsync(string? wanted, DomainName name, CancellationToken stop)
    {
        if (wanted is not null) return (await caller.Explorer.GetGatewayAsync(wanted, stop)).ToStep($"Looking up the gateway {wanted}");
        return (await GatewayDirectory.ReadAsync(caller.Explorer, stop)).Failed(out var fault, out var gateways) ? fault : Choose(gateways, name);
    }

    /// <summary>An explorer may list a gateway that claims what another one manages: then the user says whom he means.</summary>
    internal static Step<GatewayNode> Choose(IReadOnlyList<GatewayNode> gateways, DomainName name)
    {
        var deepest = gateways.Max(gateway => (int?)DepthOf(gateway, name)) ?? 0;
        var managing = gateways.Where(gateway => deepest > 0 && DepthOf(gateway, name) == deepest).ToList();
        if (managing.Count == 1) return managing[0];
        if (managing.Count > 1) return new Outcome.Fault(ExitCode.Usage, $"Several gateways say that they manage a domain above {name}; choose the one that you trust with --gateway: {string.Join(", ", managing.Select(gateway => gateway.NodeId))}");
        return gateways.Count switch
        {
            0 => new Outcome.Fault(ExitCode.Failed, "No gateway is registered with this explorer yet: start one, or ask another explorer with --explorer."),
            1 => gateways[0],
            _ => new Outcome.Fault(ExitCode.Usage, $"No gateway manages a domain above {name}; choose one with --gateway: {string.Join(", ", gateways.Select(gateway => gateway.NodeId))}"),
        };
    }

    /// <summary>A pool of the caller that covers the gateway; gateway reservations consume nothing of it.</summary>
    public async Task<Step<long>> HoldPoolAsync(string nodeId, CancellationToken stop)
    {
        var listed = (await caller.Explorer.ListPoolsAsync(caller.User, stop)).ToStep("Listing your pools");
        if (listed.Failed(out var fault, out var pools)) return fault;
        if (pools.Items.FirstOrDefault(pool => pool.NodeIds.Contains(nodeId)) is { } held) return held.PoolId;
        var made = await WishAsync(new PoolData { NodeIds = [nodeId], Currencies = Currencies }, stop);
        // He has as many as a user may have: then one of them is extended. Its list is replaced by the one that is sent.
        if (made is ExplorerOutcome<PoolCreated>.Refused { Status: 403 } && pools.Items.MinBy(pool => pool.NodeIds.Count) is { } least)
            made = await WishAsync(new PoolData { PoolId = least.PoolId, NodeIds = [.. least.NodeIds, nodeId], Currencies = Currencies }, stop);
        return made.ToStep("Making a pool").Failed(out fault, out var pool) ? fault : pool.ReservationId;
    }

    /// <summary>Signs and sends a workload of which only the kind's own members are set.</summary>
    public async Task<Step<Workload>> ReserveAsync(Workload draft, CancellationToken stop)
    {
        var pool = await HoldPoolAsync(draft.NodeId, stop);
        if (pool.Failed(out var fault, out var poolId)) return fault with { HoldsNothing = true };
        var workload = draft with
        {
            WorkloadId = 1,
            PoolId = poolId,
            CustomerTid = caller.User,
            SigningRequestDelete = new SigningRequest { Signers = [caller.User, .. draft.SigningRequestDelete.Signers], QuorumMin = 1 },
            NextAction = NextAction.Deploy,
            Epoch = ExplorerDate.From(caller.Time.GetUtcNow()),
        };
        workload = workload with { CustomerSignature = WorkloadChallenge.SignCustomer(workload, caller.Identity) };
        var created = (await caller.Explorer.CreateWorkloadAsync(workload, stop)).ToStep("Reserving");
        return created.Failed(out fault, out var id) ? fault : workload with { Id = id };
    }

    /// <summary>Asks for the deletion of a reservation; one that is gone already is no fault.</summary>
    public async Task<Step<Workload>> DeleteAsync(long id, CancellationToken stop)
    {
        if ((await FindAsync(id, stop)).Failed(out var fault, out var stored)) return fault;
        if (stored.CustomerTid != caller.User && !stored.SigningRequestDelete.Signers.Contains(caller.User))
            return new Outcome.Fault(ExitCode.Refused, $"Reservation {id} belongs to another user, and only he can give it back: 'gateway reservations' lists yours.");
        if (stored.IsToDelete) return stored;
        if (stored.SigningRequestDelete.QuorumMin <= 0) return new Outcome.Fault(ExitCode.Refused, $"Nobody can give reservation {id} back: it was made so that no number of users is enough.");
        var signature = new WorkloadSignature { Tid = caller.User, Signature = WorkloadChallenge.SignDelete(stored, caller.User, caller.Identity) };
        if (!Approvals.HasAgreed(stored.SignaturesDelete, caller.User) && (await caller.Explorer.SignDeleteAsync(id, signature, stop)).ToStep($"Deleting the reservation {id}").Failed(out fault, out _)) return fault;
        if ((await FindAsync(id, stop)).Failed(out fault, out stored) || stored.IsToDelete) return fault is null ? stored! : fault;
        return new Outcome.Fault(ExitCode.Failed, $"Your word about reservation {id} is with the explorer; to give it back, {Approvals.OfDeletion(stored)}.");
    }

    /// <summary>Agrees to the creation of a reservation that somebody made with the caller among those who must; gives it as it stands then.</summary>
    public async Task<Step<Workload>> ApproveAsync(long id, CancellationToken stop)
    {
        if ((await FindAsync(id, stop)).Failed(out var fault, out var stored)) return fault;
        if (!stored.SigningRequestProvision.Signers.Contains(caller.User)) return new Outcome.Fault(ExitCode.Refused, $"Reservation {id} does not ask for your approval: 'gateway reservations --to-approve' lists those that do.");
        if (stored.NextAction != NextAction.Sign || Approvals.HasAgreed(stored.SignaturesProvision, caller.User)) return stored;
        var signature = new WorkloadSignature { Tid = caller.User, Signature = WorkloadChallenge.SignProvision(stored, caller.User, caller.Identity) };
        if ((await caller.Explorer.SignProvisionAsync(id, signature, stop)).ToStep($"Approving the reservation {id}").Failed(out fault, out _)) return fault;
        return await FindAsync(id, stop);
    }

    /// <summary>A reservation as it is stored now.</summary>
    public async Task<Step<Workload>> FindAsync(long id, CancellationToken stop) =>
        (await caller.Explorer.GetWorkloadAsync(id, stop)).ToStep($"Looking up the reservation {id}");

    /// <summary>Waits until <paramref name="settled"/> holds for the reservation, or gives it as it stands at the deadline.</summary>
    public async Task<Step<Workload>> WaitAsync(long id, Func<Workload, bool> settled, TimeSpan deadline, CancellationToken stop)
    {
        var end = caller.Time.GetTimestamp() + (long)(deadline.TotalSeconds * caller.Time.TimestampFrequency);
        while (true)
        {
            var asked = await FindAsync(id, stop);
            if (asked.Failed(out _, out var workload) || settled(workload) || caller.Time.GetTimestamp() >= end) return asked;
            await Task.Delay(AskAgain, caller.Time, stop);
        }
    }

    /// <summary>The gateway's key, taken from its identity: a directory entry whose key does not match is refused.</summary>
    public static Step<PublicKey> KeyOf(GatewayNode gateway) => PublicKey.TryFromId(gateway.NodeId, out var key)
        ? key
        : new Outcome.Fault(ExitCode.Failed, $"The gateway's identity '{gateway.NodeId}' is not a public key: nothing can be encrypted to it.");

    private Task<ExplorerOutcome<PoolCreated>> WishAsync(PoolData wish, CancellationToken stop) =>
        caller.Explorer.CreatePoolAsync(PoolReservation.Sign(wish, caller.User, caller.Identity), stop);

    // Labels of the deepest zone above the name that it says to manage; 0: none.
    private static int DepthOf(GatewayNode gateway, DomainName name) =>
        (gateway.ManagedDomains ?? []).Max(text => DomainName.TryParse(text, out var zone) && name.IsUnder(zone) ? (int?)zone.LabelCount : null) ?? 0;
}
