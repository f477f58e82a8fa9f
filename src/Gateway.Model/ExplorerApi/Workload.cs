using System.Globalization;
using System.Text.Json.Serialization;

namespace Gateway.Model.ExplorerApi;

/// <summary>
/// A reservation as the API carries it (the reservation API contract, section 1.6): one flat object, its members in this order. The members of
/// a kind are null for the other kinds. Missing members are zero values.
/// </summary>
public sealed record Workload
{
    /// <summary>Number chosen by the user, usually 1.</summary>
    [JsonPropertyName("workload_id")]
    public long WorkloadId { get; init; }

    /// <summary>Identity of the gateway.</summary>
    [JsonPropertyName("node_id")]
    public string NodeId { get; init => field = value ?? ""; } = "";

    /// <summary>The pool it counts on; never 0.</summary>
    [JsonPropertyName("pool_id")]
    public long PoolId { get; init; }

    /// <summary>Id of the old reservation it came from; empty for new ones.</summary>
    [JsonPropertyName("reference")]
    public string Reference { get; init => field = value ?? ""; } = "";

    /// <summary>Free text of the user.</summary>
    [JsonPropertyName("description")]
    public string Description { get; init => field = value ?? ""; } = "";

    /// <summary>Who must agree to the creation.</summary>
    [JsonPropertyName("signing_request_provision")]
    public SigningRequest SigningRequestProvision { get; init => field = value ?? new(); } = new();

    /// <summary>Who may delete it. Without the user's own id he never can.</summary>
    [JsonPropertyName("signing_request_delete")]
    public SigningRequest SigningRequestDelete { get; init => field = value ?? new(); } = new();

    /// <summary>Given by the explorer; grows with every workload.</summary>
    [JsonPropertyName("id")]
    public long Id { get; init; }

    /// <summary>Unused, always empty.</summary>
    [JsonPropertyName("json")]
    public string Json { get; init => field = value ?? ""; } = "";

    /// <summary>The user ("tid").</summary>
    [JsonPropertyName("customer_tid")]
    public long CustomerTid { get; init; }

    /// <summary>Hex signature over the challenge at the time of signing.</summary>
    [JsonPropertyName("customer_signature")]
    public string CustomerSignature { get; init => field = value ?? ""; } = "";

    /// <summary>What happens next.</summary>
    [JsonPropertyName("next_action")]
    public NextAction NextAction { get; init; }

    /// <summary>Agreements to the creation.</summary>
    [JsonPropertyName("signatures_provision")]
    public IReadOnlyList<WorkloadSignature> SignaturesProvision { get; init => field = WithoutNulls(value); } = [];

    /// <summary>Unused.</summary>
    [JsonPropertyName("signature_farmer")]
    public WorkloadSignature SignatureFarmer { get; init => field = value ?? new(); } = new();

    /// <summary>Agreements to the deletion.</summary>
    [JsonPropertyName("signatures_delete")]
    public IReadOnlyList<WorkloadSignature> SignaturesDelete { get; init => field = WithoutNulls(value); } = [];

    /// <summary>When the explorer stored it; while it is signed: when the user signed it.</summary>
    [JsonPropertyName("epoch")]
    public ExplorerDate Epoch { get; init; }

    /// <summary>Free text of the user's tool, at most 1024 octets.</summary>
    [JsonPropertyName("metadata")]
    public string Metadata { get; init => field = value ?? ""; } = "";

    /// <summary>What the gateway reported last.</summary>
    [JsonPropertyName("result")]
    public WorkloadResult Result { get; init => field = value ?? new(); } = new();

    /// <summary>The kind.</summary>
    [JsonPropertyName("workload_type")]
    public WorkloadType WorkloadType { get; init; }

    /// <summary>0: secrets are sealed boxes; 1 and 2: shared keys.</summary>
    [JsonPropertyName("version")]
    public int Version { get; init; }

    /// <summary>The name (all kinds but gateway4to6), as the user wrote it.</summary>
    [JsonPropertyName("domain"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Domain { get; init; }

    /// <summary>Where a proxy's visitors go.</summary>
    [JsonPropertyName("addr"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Address { get; init; }

    /// <summary>A proxy's port for HTTP, as the user wrote it.</summary>
    [JsonPropertyName("port"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public uint? Port { get; init; }

    /// <summary>A proxy's port for TLS, as the user wrote it.</summary>
    [JsonPropertyName("port_tls"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public uint? PortTls { get; init; }

    /// <summary>A reverse proxy's secret: hex ciphertext.</summary>
    [JsonPropertyName("secret"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Secret { get; init; }

    /// <summary>A sub-domain's addresses, as the user wrote them.</summary>
    [JsonPropertyName("ips"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Ips { get; init; }

    /// <summary>The WireGuard key of a gateway4to6, in base64.</summary>
    [JsonPropertyName("public_key"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PublicKey { get; init; }

    /// <summary>The global workload id, `&lt;id&gt;-&lt;workload_id&gt;`.</summary>
    [JsonIgnore]
    public string GlobalId => string.Create(CultureInfo.InvariantCulture, $"{Id}-{WorkloadId}");

    /// <summary>True when the gateway shall remove it. Entries of the work queue may carry any other action; all of those mean deploy.</summary>
    [JsonIgnore]
    public bool IsToDelete => NextAction is NextAction.Delete or NextAction.Deleted;

    /// <summary>Only the members of its own kind, those present even when the user left them out: the form in which it is stored and sent.</summary>
    public Workload OfItsKind() => this with
    {
        Domain = WorkloadType is >= WorkloadType.Proxy and <= WorkloadType.DomainDelegate ? Domain ?? "" : null,
        Address = WorkloadType is WorkloadType.Proxy ? Address ?? "" : null,
        Port = WorkloadType is WorkloadType.Proxy ? Port ?? 0 : null,
        PortTls = WorkloadType is WorkloadType.Proxy ? PortTls ?? 0 : null,
        Secret = WorkloadType is WorkloadType.ReverseProxy ? Secret ?? "" : null,
        Ips = WorkloadType is WorkloadType.Subdomain ? Ips ?? [] : null,
        PublicKey = WorkloadType is WorkloadType.Gateway4To6 ? PublicKey ?? "" : null,
    };

    private static IReadOnlyList<WorkloadSignature> WithoutNulls(IReadOnlyList<WorkloadSignature>? signatures) =>
        signatures is null ? [] : signatures.Any(one => one is null) ? [.. signatures.OfType<WorkloadSignature>()] : signatures;
}

/// <summary>Who must sign, and how many of them.</summary>
public sealed record SigningRequest
{
    /// <summary>User ids.</summary>
    [JsonPropertyName("signers")]
    public IReadOnlyList<long> Signers { get; init => field = value ?? []; } = [];

    /// <summary>How many of them are enough; 0: nobody ever is.</summary>
    [JsonPropertyName("quorum_min")]
    public long QuorumMin { get; init; }
}

/// <summary>One agreement.</summary>
public sealed record WorkloadSignature
{
    /// <summary>The user who signed.</summary>
    [JsonPropertyName("tid")]
    public long Tid { get; init; }

    /// <summary>Hex signature.</summary>
    [JsonPropertyName("signature")]
    public string Signature { get; init => field = value ?? ""; } = "";

    /// <summary>When the explorer took it.</summary>
    [JsonPropertyName("epoch")]
    public ExplorerDate Epoch { get; init; }
}
