using System.Text.Json.Serialization;

namespace Gateway.Model.ExplorerApi;

/// <summary>A gateway in the directory (the reservation API contract, section 1.3).</summary>
public sealed record GatewayNode
{
    /// <summary>Given by the explorer.</summary>
    [JsonPropertyName("id")]
    public long Id { get; init; }

    /// <summary>Base58 of the public key.</summary>
    [JsonPropertyName("node_id")]
    public string NodeId { get; init => field = value ?? ""; } = "";

    /// <summary>The farm it belongs to; never 0.</summary>
    [JsonPropertyName("farm_id")]
    public long FarmId { get; init; }

    /// <summary>Name and version of the gateway's program.</summary>
    [JsonPropertyName("os_version")]
    public string OsVersion { get; init => field = value ?? ""; } = "";

    /// <summary>When it registered first.</summary>
    [JsonPropertyName("created")]
    public ExplorerDate Created { get; init; }

    /// <summary>When it was heard last.</summary>
    [JsonPropertyName("updated")]
    public ExplorerDate Updated { get; init; }

    /// <summary>Seconds since the host started.</summary>
    [JsonPropertyName("uptime")]
    public long Uptime { get; init; }

    /// <summary>Unused.</summary>
    [JsonPropertyName("address")]
    public string Address { get; init => field = value ?? ""; } = "";

    /// <summary>Where it stands.</summary>
    [JsonPropertyName("location")]
    public GatewayLocation Location { get; init => field = value ?? new(); } = new();

    /// <summary>Its Ed25519 key in hex.</summary>
    [JsonPropertyName("public_key_hex")]
    public string PublicKeyHex { get; init => field = value ?? ""; } = "";

    /// <summary>What it serves at present.</summary>
    [JsonPropertyName("workloads")]
    public WorkloadAmount Workloads { get; init => field = value ?? new(); } = new();

    /// <summary>Zones under which users may reserve names.</summary>
    [JsonPropertyName("managed_domains")]
    public IReadOnlyList<string>? ManagedDomains { get; init; }

    /// <summary>Port for tunnel clients.</summary>
    [JsonPropertyName("tcp_router_port")]
    public long TcpRouterPort { get; init; }

    /// <summary>Names that users put into NS records.</summary>
    [JsonPropertyName("dns_nameserver")]
    public IReadOnlyList<string>? DnsNameserver { get; init; }

    /// <summary>The pin of the tunnel port's key, `sha256:` and hex; absent where the port has no TLS. The original has no such member.</summary>
    [JsonPropertyName("tunnel_pin"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TunnelPin { get; init; }

    /// <summary>True when users without paid capacity may use it.</summary>
    [JsonPropertyName("free_to_use")]
    public bool FreeToUse { get; init; }
}

/// <summary>Where a gateway stands.</summary>
public sealed record GatewayLocation
{
    /// <summary>City.</summary>
    [JsonPropertyName("city")]
    public string City { get; init => field = value ?? ""; } = "";

    /// <summary>Country.</summary>
    [JsonPropertyName("country")]
    public string Country { get; init => field = value ?? ""; } = "";

    /// <summary>Continent.</summary>
    [JsonPropertyName("continent")]
    public string Continent { get; init => field = value ?? ""; } = "";

    /// <summary>Degrees north.</summary>
    [JsonPropertyName("latitude")]
    public double Latitude { get; init; }

    /// <summary>Degrees east.</summary>
    [JsonPropertyName("longitude")]
    public double Longitude { get; init; }
}

/// <summary>Numbers of workloads by kind, each 0 to 65535.</summary>
public record WorkloadAmount
{
    /// <summary>Networks.</summary>
    [JsonPropertyName("network")]
    public ushort Network { get; init; }

    /// <summary>Parts of networks.</summary>
    [JsonPropertyName("network_resource")]
    public ushort NetworkResource { get; init; }

    /// <summary>Volumes.</summary>
    [JsonPropertyName("volume")]
    public ushort Volume { get; init; }

    /// <summary>0-db name spaces.</summary>
    [JsonPropertyName("zdb_namespace")]
    public ushort ZdbNamespace { get; init; }

    /// <summary>Containers.</summary>
    [JsonPropertyName("container")]
    public ushort Container { get; init; }

    /// <summary>Kubernetes nodes.</summary>
    [JsonPropertyName("k8s_vm")]
    public ushort K8sVm { get; init; }

    /// <summary>Proxies.</summary>
    [JsonPropertyName("proxy")]
    public ushort Proxy { get; init; }

    /// <summary>Reverse proxies.</summary>
    [JsonPropertyName("reverse_proxy")]
    public ushort ReverseProxy { get; init; }

    /// <summary>Sub-domains.</summary>
    [JsonPropertyName("subdomain")]
    public ushort Subdomain { get; init; }

    /// <summary>Delegated domains.</summary>
    [JsonPropertyName("delegate_domain")]
    public ushort DelegateDomain { get; init; }
}

/// <summary>What a gateway reports as in use: resources first, then workloads, in one flat object.</summary>
public sealed record ReservedResources : WorkloadAmount
{
    /// <summary>Processor units; always 0 for a gateway.</summary>
    [JsonPropertyName("cru"), JsonPropertyOrder(-4)]
    public long Cru { get; init; }

    /// <summary>Memory units; always 0 for a gateway.</summary>
    [JsonPropertyName("mru"), JsonPropertyOrder(-3)]
    public double Mru { get; init; }

    /// <summary>Disk units; always 0 for a gateway.</summary>
    [JsonPropertyName("hru"), JsonPropertyOrder(-2)]
    public double Hru { get; init; }

    /// <summary>Flash units; always 0 for a gateway.</summary>
    [JsonPropertyName("sru"), JsonPropertyOrder(-1)]
    public double Sru { get; init; }
}

/// <summary>The body of an uptime report.</summary>
public sealed record UptimeReport
{
    /// <summary>Seconds since the host started.</summary>
    [JsonPropertyName("uptime")]
    public long Uptime { get; init; }
}
