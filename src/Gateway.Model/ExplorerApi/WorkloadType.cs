namespace Gateway.Model.ExplorerApi;

/// <summary>Kinds of workload by their number in the reservation API, section 1.4. A number that is not named here may arrive as well.</summary>
public enum WorkloadType
{
    /// <summary>A 0-db name space.</summary>
    Zdb = 0,

    /// <summary>A container.</summary>
    Container = 1,

    /// <summary>A volume.</summary>
    Volume = 2,

    /// <summary>A network.</summary>
    Network = 3,

    /// <summary>A Kubernetes node.</summary>
    Kubernetes = 4,

    /// <summary>A host whose visitors go to an address.</summary>
    Proxy = 5,

    /// <summary>A host whose visitors go into a tunnel.</summary>
    ReverseProxy = 6,

    /// <summary>Addresses for a name.</summary>
    Subdomain = 7,

    /// <summary>A zone served for a user.</summary>
    DomainDelegate = 8,

    /// <summary>An IPv6 address over WireGuard.</summary>
    Gateway4To6 = 9,

    /// <summary>Part of a network.</summary>
    NetworkResource = 10,

    /// <summary>A public address.</summary>
    PublicIp = 11,

    /// <summary>A virtual machine.</summary>
    VirtualMachine = 12,
}

/// <summary>What happens to a workload next, by its number in the reservation API, section 1.4.</summary>
public enum NextAction
{
    /// <summary>Just made.</summary>
    Create = 0,

    /// <summary>Waits for signatures.</summary>
    Sign = 1,

    /// <summary>Waits for capacity in the pool.</summary>
    Pay = 2,

    /// <summary>To be provisioned, or provisioned already.</summary>
    Deploy = 3,

    /// <summary>To be removed by the node.</summary>
    Delete = 4,

    /// <summary>Refused.</summary>
    Invalid = 5,

    /// <summary>Removed.</summary>
    Deleted = 6,

    /// <summary>Turned into a workload of the newer kind.</summary>
    Migrated = 7,
}

/// <summary>How provisioning ended, by its number in the reservation API, section 1.4. 0 is also what a workload without a result shows.</summary>
public enum ResultState
{
    /// <summary>It failed, or there is no result yet.</summary>
    Error = 0,

    /// <summary>It stands.</summary>
    Ok = 1,

    /// <summary>It was removed.</summary>
    Deleted = 2,
}

/// <summary>Names of the kinds.</summary>
public static class WorkloadTypes
{
    private static readonly string[] Names =
    [
        "zdb", "container", "volume", "network", "kubernetes", "proxy", "reverse_proxy", "subdomain", "domain_delegate",
        "gateway4to6", "network_resource", "public_ip", "virtual_machine",
    ];

    extension(WorkloadType type)
    {
        /// <summary>The name in lower case; "UNKNOWN" for a number that has none.</summary>
        public string Name => type >= 0 && (int)type < Names.Length ? Names[(int)type] : "UNKNOWN";

        /// <summary>True for the five kinds that a gateway serves.</summary>
        public bool IsGatewayKind => type is >= WorkloadType.Proxy and <= WorkloadType.Gateway4To6;
    }
}
