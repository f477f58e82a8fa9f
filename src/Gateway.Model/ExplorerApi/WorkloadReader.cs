using System.Text.Json;

namespace Gateway.Model.ExplorerApi;

/// <summary>
/// Reads workloads that are spelt as explorers spell them: a page has two hundred, and a first start reads thousands of pages. Whatever
/// is unusual in a workload, or wrong, it leaves to <see cref="ExplorerJson.TryRead"/>, which alone decides what is tolerated.
/// </summary>
public static class WorkloadReader
{
    // Values that most workloads have; they are immutable.
    private static readonly Workload Nothing = new();
    private static readonly SigningRequest None = new();
    private static readonly WorkloadSignature Unsigned = new();
    private static readonly WorkloadResult NoResult = new();

    /// <summary>
    /// Reads the object that the reader stands at, and goes to its end. False where anything is unusual: then the reader stands anywhere.
    /// </summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static bool TryRead(ref Utf8JsonReader reader, out Workload workload)
    {
        var members = new Members();
        workload = Nothing;
        try
        {
            if (!TryReadObject(ref reader, members)) return false;
        }
        catch (InvalidOperationException)
        {
            // A string that is no text: octets that are no UTF-8, or half a surrogate pair.
            return false;
        }

        workload = members.ToWorkload();
        return true;
    }

    private static bool TryReadObject(ref Utf8JsonReader reader, Members members)
    {
        if (reader.TokenType != JsonTokenType.StartObject) return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueIsEscaped || !members.TryTake(ref reader)) return false;
        }

        return reader.TokenType == JsonTokenType.EndObject;
    }

    private static bool TryText(ref Utf8JsonReader reader, out string text)
    {
        text = "";
        if (!reader.Read()) return false;
        if (reader.TokenType == JsonTokenType.Null) return true;
        if (reader.TokenType != JsonTokenType.String) return false;
        text = reader.GetString()!;
        return true;
    }

    private static bool TryNumber(ref Utf8JsonReader reader, out long number)
    {
        number = 0;
        if (!reader.Read()) return false;
        return reader.TokenType == JsonTokenType.Null || (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out number));
    }

    private static bool TryDate(ref Utf8JsonReader reader, out ExplorerDate date)
    {
        date = default;
        if (!reader.Read() || reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var seconds)) return false;
        date = new ExplorerDate(seconds);
        return true;
    }

    /// <summary>0 to 255, as enumerations are.</summary>
    private static bool TryOctet(ref Utf8JsonReader reader, out byte number)
    {
        var isRead = TryNumber(ref reader, out var wide) && wide is >= 0 and <= byte.MaxValue;
        number = isRead ? (byte)wide : default;
        return isRead;
    }

    private static bool TryRequest(ref Utf8JsonReader reader, out SigningRequest request)
    {
        request = None;
        var (signers, quorum) = (None.Signers, 0L);
        if (!reader.Read()) return false;
        if (reader.TokenType == JsonTokenType.Null) return true;
        if (reader.TokenType != JsonTokenType.StartObject) return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("signers"u8) ? !TrySigners(ref reader, out signers) : !reader.ValueTextEquals("quorum_min"u8) || !TryNumber(ref reader, out quorum)) return false;
        }

        if (signers.Count > 0 || quorum != 0) request = new SigningRequest { Signers = signers, QuorumMin = quorum };
        return reader.TokenType == JsonTokenType.EndObject;
    }

    private static bool TrySigners(ref Utf8JsonReader reader, out IReadOnlyList<long> signers)
    {
        signers = [];
        if (!reader.Read()) return false;
        if (reader.TokenType == JsonTokenType.Null) return true;
        if (reader.TokenType != JsonTokenType.StartArray) return false;
        var all = new List<long>(1);
        while (reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var one)) all.Add(one);
        signers = all;
        return reader.TokenType == JsonTokenType.EndArray;
    }

    private static bool TrySignatures(ref Utf8JsonReader reader, out IReadOnlyList<WorkloadSignature> signatures)
    {
        signatures = [];
        if (!reader.Read()) return false;
        if (reader.TokenType == JsonTokenType.Null) return true;
        if (reader.TokenType != JsonTokenType.StartArray) return false;
        List<WorkloadSignature>? all = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            if (!TrySignature(ref reader, out var one)) return false;
            (all ??= []).Add(one);
        }

        signatures = all is null ? [] : all;
        return reader.TokenType == JsonTokenType.EndArray;
    }

    /// <summary>The object that the reader stands at.</summary>
    private static bool TrySignature(ref Utf8JsonReader reader, out WorkloadSignature signature)
    {
        var (tid, text, epoch) = (0L, "", default(ExplorerDate));
        signature = Unsigned;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isRead = reader.ValueTextEquals("tid"u8) ? TryNumber(ref reader, out tid)
                : reader.ValueTextEquals("signature"u8) ? TryText(ref reader, out text)
                : reader.ValueTextEquals("epoch"u8) && TryDate(ref reader, out epoch);
            if (!isRead) return false;
        }

        if (tid != 0 || text.Length > 0 || epoch != default) signature = new WorkloadSignature { Tid = tid, Signature = text, Epoch = epoch };
        return reader.TokenType == JsonTokenType.EndObject;
    }

    private static bool TryResult(ref Utf8JsonReader reader, out WorkloadResult result)
    {
        result = NoResult;
        var (category, id, signature, state, message, epoch, node) = ((byte)0, "", "", (byte)0, "", default(ExplorerDate), "");
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isRead = reader.ValueTextEquals("category"u8) ? TryOctet(ref reader, out category)
                : reader.ValueTextEquals("workload_id"u8) ? TryText(ref reader, out id)
                : reader.ValueTextEquals("data_json"u8) ? reader.Read() && reader.TokenType == JsonTokenType.Null
                : reader.ValueTextEquals("signature"u8) ? TryText(ref reader, out signature)
                : reader.ValueTextEquals("state"u8) ? TryOctet(ref reader, out state)
                : reader.ValueTextEquals("message"u8) ? TryText(ref reader, out message)
                : reader.ValueTextEquals("epoch"u8) ? TryDate(ref reader, out epoch)
                : reader.ValueTextEquals("node_id"u8) && TryText(ref reader, out node);
            if (!isRead) return false;
        }

        result = new WorkloadResult { Category = (WorkloadType)category, WorkloadId = id, Signature = signature, State = (ResultState)state, Message = message, Epoch = epoch, NodeId = node };
        return reader.TokenType == JsonTokenType.EndObject;
    }

    private static bool TryPort(ref Utf8JsonReader reader, out uint? port)
    {
        port = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.Number || !reader.TryGetUInt32(out var number)) return false;
        port = number;
        return true;
    }

    /// <summary>A text that makes a difference when it is missing.</summary>
    private static bool TryOwn(ref Utf8JsonReader reader, out string? text)
    {
        var isRead = TryText(ref reader, out var read) && reader.TokenType == JsonTokenType.String;
        text = isRead ? read : null;
        return isRead;
    }

    private static bool TryTexts(ref Utf8JsonReader reader, out IReadOnlyList<string>? texts)
    {
        var all = new List<string>(1);
        texts = all;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray) return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.String) all.Add(reader.GetString()!);
        return reader.TokenType == JsonTokenType.EndArray;
    }

    /// <summary>What was read so far.</summary>
    private sealed class Members
    {
        private long _workloadId, _poolId, _id, _tid, _version;
        private string _node = "", _reference = "", _description = "", _json = "", _signature = "", _metadata = "";
        private SigningRequest _provision = None, _delete = None;
        private IReadOnlyList<WorkloadSignature> _provisions = [], _deletes = [];
        private WorkloadSignature _farmer = Unsigned;
        private WorkloadResult _result = NoResult;
        private ExplorerDate _epoch;
        private byte _action, _type;
        private string? _domain, _address, _secret, _key;
        private uint? _port, _portTls;
        private IReadOnlyList<string>? _ips;

        /// <summary>The member whose name the reader stands at; by the length of the name, so that few are compared.</summary>
        public bool TryTake(ref Utf8JsonReader reader)
        {
            var name = reader.ValueSpan;
            return name.Length switch
            {
                2 => name.SequenceEqual("id"u8) && TryNumber(ref reader, out _id),
                3 => name.SequenceEqual("ips"u8) && TryTexts(ref reader, out _ips),
                4 => name.SequenceEqual("json"u8) ? TryText(ref reader, out _json)
                    : name.SequenceEqual("addr"u8) ? TryOwn(ref reader, out _address)
                    : name.SequenceEqual("port"u8) && TryPort(ref reader, out _port),
                5 => name.SequenceEqual("epoch"u8) && TryDate(ref reader, out _epoch),
                6 => name.SequenceEqual("result"u8) ? TryResult(ref reader, out _result)
                    : name.SequenceEqual("domain"u8) ? TryOwn(ref reader, out _domain)
                    : name.SequenceEqual("secret"u8) && TryOwn(ref reader, out _secret),
                7 => name.SequenceEqual("node_id"u8) ? TryText(ref reader, out _node)
                    : name.SequenceEqual("pool_id"u8) ? TryNumber(ref reader, out _poolId)
                    : name.SequenceEqual("version"u8) && TryNumber(ref reader, out _version) && _version == (int)_version,
                8 => name.SequenceEqual("metadata"u8) ? TryText(ref reader, out _metadata)
                    : name.SequenceEqual("port_tls"u8) && TryPort(ref reader, out _portTls),
                _ => TryTakeLong(ref reader, name),
            };
        }

        private bool TryTakeLong(ref Utf8JsonReader reader, ReadOnlySpan<byte> name) => name.Length switch
        {
            9 => name.SequenceEqual("reference"u8) && TryText(ref reader, out _reference),
            10 => name.SequenceEqual("public_key"u8) && TryOwn(ref reader, out _key),
            11 => name.SequenceEqual("workload_id"u8) ? TryNumber(ref reader, out _workloadId)
                : name.SequenceEqual("description"u8) ? TryText(ref reader, out _description)
                : name.SequenceEqual("next_action"u8) && TryOctet(ref reader, out _action),
            12 => name.SequenceEqual("customer_tid"u8) && TryNumber(ref reader, out _tid),
            13 => name.SequenceEqual("workload_type"u8) && TryOctet(ref reader, out _type),
            16 => name.SequenceEqual("signature_farmer"u8) && reader.Read() && reader.TokenType == JsonTokenType.StartObject && TrySignature(ref reader, out _farmer),
            17 => name.SequenceEqual("signatures_delete"u8) && TrySignatures(ref reader, out _deletes),
            18 => name.SequenceEqual("customer_signature"u8) && TryText(ref reader, out _signature),
            20 => name.SequenceEqual("signatures_provision"u8) && TrySignatures(ref reader, out _provisions),
            22 => name.SequenceEqual("signing_request_delete"u8) && TryRequest(ref reader, out _delete),
            25 => name.SequenceEqual("signing_request_provision"u8) && TryRequest(ref reader, out _provision),
            _ => false,
        };

        public Workload ToWorkload() => new()
        {
            WorkloadId = _workloadId,
            NodeId = _node,
            PoolId = _poolId,
            Reference = _reference,
            Description = _description,
            SigningRequestProvision = _provision,
            SigningRequestDelete = _delete,
            Id = _id,
            Json = _json,
            CustomerTid = _tid,
            CustomerSignature = _signature,
            NextAction = (NextAction)_action,
            SignaturesProvision = _provisions,
            SignatureFarmer = _farmer,
            SignaturesDelete = _deletes,
            Epoch = _epoch,
            Metadata = _metadata,
            Result = _result,
            WorkloadType = (WorkloadType)_type,
            Version = (int)_version,
            Domain = _domain,
            Address = _address,
            Port = _port,
            PortTls = _portTls,
            Secret = _secret,
            Ips = _ips,
            PublicKey = _key,
        };
    }
}
