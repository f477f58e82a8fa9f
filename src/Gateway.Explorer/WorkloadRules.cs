using System.Text;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;

namespace Gateway.Explorer;

/// <summary>What a new workload must be, apart from who sent it: pure, in the contract's order (section 1.9). Faults are fit for the sender.</summary>
internal static class WorkloadRules
{
    private const int MaxMetadata = 1024;

    private const int MaxDescription = 4096;

    private const int MaxSigners = 100;

    private const int MaxAddresses = 100;

    /// <summary>Secrets of stored workloads are shared-key boxes.</summary>
    private const int Version = 2;

    /// <summary>Drops what only the server may set, and members of other kinds: nobody gives himself a result or an id.</summary>
    public static Workload Received(Workload sent) => sent.OfItsKind() with
    {
        Id = 0,
        Json = "",
        SignaturesProvision = [],
        SignatureFarmer = new WorkloadSignature(),
        SignaturesDelete = [],
        Result = new WorkloadResult(),
        Version = Version,
    };

    /// <summary>True when the workload may be stored, signatures and ownership aside.</summary>
    public static bool IsAcceptable(Workload workload, out string fault)
    {
        fault = FrameFault(workload) ?? KindFault(workload) ?? "";
        return fault.Length == 0;
    }

    private static string? FrameFault(Workload workload)
    {
        if (!workload.WorkloadType.IsGatewayKind) return $"workload type {(int)workload.WorkloadType} ({workload.WorkloadType.Name}) is not served here: proxy, reverse_proxy, subdomain, domain_delegate and gateway4to6 are";
        if (workload.CustomerTid == 0) return "customer_tid is required";
        if (workload.CustomerSignature.Length == 0) return "customer_signature is required";
        if (Encoding.UTF8.GetByteCount(workload.Metadata) > MaxMetadata) return $"metadata can not be bigger than {MaxMetadata} bytes";
        if (workload.PoolId == 0) return "pool id is required";
        if (workload.Reference.Length > 0) return "reference is reserved for migrated workloads and must be empty";
        if (workload.NextAction is NextAction.Invalid or NextAction.Delete) return $"next_action {(int)workload.NextAction} is not for new workloads";
        if (workload.WorkloadId < 0) return "workload_id must not be negative";
        if (Encoding.UTF8.GetByteCount(workload.Description) > MaxDescription) return $"description can not be bigger than {MaxDescription} bytes";
        if (!PublicKey.TryFromId(workload.NodeId, out _)) return $"node_id '{workload.NodeId}' is no gateway identity";
        return workload.SigningRequestProvision.Signers.Count > MaxSigners || workload.SigningRequestDelete.Signers.Count > MaxSigners ? $"at most {MaxSigners} signers" : null;
    }

    // What no gateway could serve is better told now than in a result.
    private static string? KindFault(Workload workload) => workload.WorkloadType switch
    {
        WorkloadType.Gateway4To6 => IsWireGuardKey(workload.PublicKey) ? null : "public_key is not a WireGuard key: 32 octets in base64",
        _ when HasControls(workload.Domain) => "domain must not hold control characters",
        _ when !WorkloadConversion.TryReadDomain(workload.Domain, out _, out var fault) => fault,
        WorkloadType.Subdomain => AddressFault(workload.Ips ?? []),
        WorkloadType.ReverseProxy => SecretFault(workload.Secret ?? ""),
        WorkloadType.Proxy => ProxyFault(workload),
        _ => null,
    };

    private static string? AddressFault(IReadOnlyList<string> addresses)
    {
        if (addresses.Count > MaxAddresses) return $"at most {MaxAddresses} addresses";
        var wrong = addresses.FirstOrDefault(address => WorkloadConversion.ReadAddress(address) is null);
        return wrong is null ? null : $"'{wrong}' is not an IP address";
    }

    private static string? SecretFault(string secret)
    {
        if (secret.Length == 0) return "secret is required: encrypt it to the gateway";
        return SealedSecret.IsPlausible(secret, Version, out var fault) ? null : fault;
    }

    private static string? ProxyFault(Workload workload)
    {
        if (string.IsNullOrWhiteSpace(workload.Address)) return "addr is required";
        if (HasControls(workload.Address)) return "addr must not hold control characters";
        return workload.Port > ushort.MaxValue || workload.PortTls > ushort.MaxValue ? "a port is at most 65535" : null;
    }

    // They would reach the terminals of those who read logs and lists.
    private static bool HasControls(string? text) => text is not null && text.Any(char.IsControl);

    private static bool IsWireGuardKey(string? text)
    {
        Span<byte> octets = stackalloc byte[PublicKey.Length];
        return text is { Length: 44 } && Convert.TryFromBase64String(text, octets, out var length) && length == PublicKey.Length;
    }
}
