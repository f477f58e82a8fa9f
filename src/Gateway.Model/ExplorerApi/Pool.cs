using System.Text;
using System.Text.Json.Serialization;
using Gateway.Model.Crypto;

namespace Gateway.Model.ExplorerApi;

/// <summary>Capacity of a user (the reservation API contract, section 1.13). Gateway workloads use none of it; a pool only says which gateways may be used.</summary>
public sealed record Pool
{
    /// <summary>Given by the explorer.</summary>
    [JsonPropertyName("pool_id")]
    public long PoolId { get; init; }

    /// <summary>Compute unit seconds left.</summary>
    [JsonPropertyName("cus")]
    public double Cus { get; init; }

    /// <summary>Storage unit seconds left.</summary>
    [JsonPropertyName("sus")]
    public double Sus { get; init; }

    /// <summary>IPv4 unit seconds left.</summary>
    [JsonPropertyName("ipv4us")]
    public double Ipv4us { get; init; }

    /// <summary>Gateways that may be used with it.</summary>
    [JsonPropertyName("node_ids")]
    public IReadOnlyList<string> NodeIds { get; init => field = value ?? []; } = [];

    /// <summary>When the numbers were right, in Unix seconds.</summary>
    [JsonPropertyName("last_updated")]
    public long LastUpdated { get; init; }

    /// <summary>Compute units in use.</summary>
    [JsonPropertyName("active_cu")]
    public double ActiveCu { get; init; }

    /// <summary>Storage units in use.</summary>
    [JsonPropertyName("active_su")]
    public double ActiveSu { get; init; }

    /// <summary>IPv4 units in use.</summary>
    [JsonPropertyName("active_ipv4")]
    public double ActiveIpv4 { get; init; }

    /// <summary>When it will be empty, in Unix seconds; the largest number when nothing uses it up.</summary>
    [JsonPropertyName("empty_at")]
    public long EmptyAt { get; init; }

    /// <summary>The owner.</summary>
    [JsonPropertyName("customer_tid")]
    public long CustomerTid { get; init; }

    /// <summary>Ids of the workloads that stand on it.</summary>
    [JsonPropertyName("active_workload_ids")]
    public IReadOnlyList<long> ActiveWorkloadIds { get; init => field = value ?? []; } = [];
}

/// <summary>A wish for a new pool, or for more capacity in one.</summary>
public sealed record PoolReservation
{
    /// <summary>Ignored.</summary>
    [JsonPropertyName("id")]
    public long Id { get; init; }

    /// <summary><see cref="Reservation"/> as compact JSON: the signature covers these octets.</summary>
    [JsonPropertyName("json")]
    public string Json { get; init => field = value ?? ""; } = "";

    /// <summary>The wish itself.</summary>
    [JsonPropertyName("data_reservation")]
    public PoolData Reservation { get; init => field = value ?? new(); } = new();

    /// <summary>The user.</summary>
    [JsonPropertyName("customer_tid")]
    public long CustomerTid { get; init; }

    /// <summary>Hex signature over <see cref="Json"/>, no hash.</summary>
    [JsonPropertyName("customer_signature")]
    public string CustomerSignature { get; init => field = value ?? ""; } = "";

    /// <summary>The wish of a user, signed.</summary>
    public static PoolReservation Sign(PoolData wish, long customer, Identity identity)
    {
        var json = ExplorerJson.Write(wish);
        return new PoolReservation
        {
            Json = Encoding.UTF8.GetString(json),
            Reservation = wish,
            CustomerTid = customer,
            CustomerSignature = identity.SignHex(json),
        };
    }

    /// <summary>True when this customer signed the wish and the signed text says the same as the object beside it.</summary>
    public bool IsSignedBy(PublicKey customer) =>
        customer.VerifiesHex(Encoding.UTF8.GetBytes(Json), CustomerSignature)
        && ExplorerJson.TryRead<PoolData>(Encoding.UTF8.GetBytes(Json), out var signed, out _)
        && ExplorerJson.Write(signed).AsSpan().SequenceEqual(ExplorerJson.Write(Reservation));
}

/// <summary>What a pool shall hold.</summary>
public sealed record PoolData
{
    /// <summary>0 for a new pool, else the one to extend.</summary>
    [JsonPropertyName("pool_id")]
    public long PoolId { get; init; }

    /// <summary>Compute units to add.</summary>
    [JsonPropertyName("cus")]
    public ulong Cus { get; init; }

    /// <summary>Storage units to add.</summary>
    [JsonPropertyName("sus")]
    public ulong Sus { get; init; }

    /// <summary>IPv4 units to add.</summary>
    [JsonPropertyName("ipv4us")]
    public ulong Ipv4us { get; init; }

    /// <summary>Gateways that may be used with it.</summary>
    [JsonPropertyName("node_ids")]
    public IReadOnlyList<string> NodeIds { get; init => field = value ?? []; } = [];

    /// <summary>Currencies the user could pay with.</summary>
    [JsonPropertyName("currencies")]
    public IReadOnlyList<string> Currencies { get; init => field = value ?? []; } = [];
}

/// <summary>Answer to a new pool.</summary>
public sealed record PoolCreated
{
    /// <summary>The pool's id.</summary>
    [JsonPropertyName("reservation_id")]
    public long ReservationId { get; init; }

    /// <summary>How to pay; here nothing is to pay.</summary>
    [JsonPropertyName("escrow_information")]
    public EscrowInformation EscrowInformation { get; init => field = value ?? new(); } = new();
}

/// <summary>Where and how much to pay.</summary>
public sealed record EscrowInformation
{
    /// <summary>Account to pay to; empty when nothing is to pay.</summary>
    [JsonPropertyName("address")]
    public string Address { get; init => field = value ?? ""; } = "";

    /// <summary>Currency.</summary>
    [JsonPropertyName("asset")]
    public string Asset { get; init => field = value ?? ""; } = "";

    /// <summary>Amount in the smallest unit.</summary>
    [JsonPropertyName("amount")]
    public long Amount { get; init; }
}

/// <summary>Answer to a new workload.</summary>
public sealed record WorkloadCreated
{
    /// <summary>The workload's id.</summary>
    [JsonPropertyName("reservation_id")]
    public long ReservationId { get; init; }
}

/// <summary>The body of every error that a handler answers with.</summary>
public sealed record ErrorBody
{
    /// <summary>What is wrong.</summary>
    [JsonPropertyName("error")]
    public string Error { get; init => field = value ?? ""; } = "";
}
