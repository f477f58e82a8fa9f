using System.Text.Json.Serialization;

namespace Gateway.Model.ExplorerApi;

/// <summary>What a gateway reports about a workload (the reservation API contract, section 1.8).</summary>
public sealed record WorkloadResult
{
    /// <summary>The kind.</summary>
    [JsonPropertyName("category")]
    public WorkloadType Category { get; init; }

    /// <summary>The global workload id.</summary>
    [JsonPropertyName("workload_id")]
    public string WorkloadId { get; init => field = value ?? ""; } = "";

    /// <summary>What the user needs to use it: compact JSON, `null` for all kinds but gateway4to6.</summary>
    [JsonPropertyName("data_json")]
    public RawJson Data { get; init; }

    /// <summary>Hex signature of the gateway (see <see cref="ResultSignature"/>).</summary>
    [JsonPropertyName("signature")]
    public string Signature { get; init => field = value ?? ""; } = "";

    /// <summary>How it ended.</summary>
    [JsonPropertyName("state")]
    public ResultState State { get; init; }

    /// <summary>Why it failed; empty when it did not.</summary>
    [JsonPropertyName("message")]
    public string Message { get; init => field = value ?? ""; } = "";

    /// <summary>When the explorer took it.</summary>
    [JsonPropertyName("epoch")]
    public ExplorerDate Epoch { get; init; }

    /// <summary>The gateway that reported it.</summary>
    [JsonPropertyName("node_id")]
    public string NodeId { get; init => field = value ?? ""; } = "";
}
