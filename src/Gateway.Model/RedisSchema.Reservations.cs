using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Gateway.Model.Records;
using Gateway.Model.Reservations;

namespace Gateway.Model;

/// <summary>
/// The reservations that are served: a hash field for each, whose value is a version as a JSON string, then one JSON object and
/// a line feed. Written byte for byte as TFGateway does; read with every tolerance of the old reader.
/// </summary>
public static partial class RedisSchema
{
    /// <summary>The hash of reservations; its fields are global workload ids.</summary>
    public const string ReservationsKey = "tfgateway_reservations";

    private const string ReservationPrefix = "\"1.0.0\"";

    private static ReadOnlySpan<byte> ReservationStart => "\"1.0.0\"{"u8;

    /// <summary>The duration that every reservation has: the largest number of nanoseconds, about 292 years.</summary>
    private const string Forever = "9223372036854775807";

    /// <summary>The value of a reservation's field; the field is its id.</summary>
    public static string EncodeReservation(StoredReservation stored)
    {
        var (it, result) = (stored.Reservation, stored.Result);
        var kind = KindOf(it);
        var data = DataJson(it) is { Length: > 0 } json ? $",\"data\":{json}" : "";
        var seal = stored.Seal.Length > 0 ? $",\"seal\":{new GoText(stored.Seal)}" : "";
        // Nearly all fit into so many characters; longer ones are written all the same.
        return string.Create(
            CultureInfo.InvariantCulture,
            stackalloc char[2048],
            $$"""
            {{ReservationPrefix}}{"id":{{new GoText(it.Id)}},"node_id":{{new GoText(it.NodeId)}},"user_id":{{new GoText(it.UserText)}},"type":{{new GoText(kind)}}{{data}},"created":"{{new GoTime(it.Created)}}","duration":{{Forever}}{{new SignatureMember(stored.CustomerSignature)}},"to_delete":false,"reference":{{new GoText(stored.Reference)}},"result":{"type":{{new GoText(kind)}},"id":{{new GoText(it.Id)}},"created":"{{result.Created}}","state":{{result.State}},"message":{{new GoText(result.Message)}},"data_json":{{result.DataJson}},"signature":{{new GoText(result.Signature)}}},"version":{{stored.Version}}{{seal}}}

            """);
    }

    /// <summary>What the seal of a reservation is about: whose it is, and what was asked. Lengths stand before texts, so that no two reservations have the same.</summary>
    public static string SealedContent(StoredReservation stored)
    {
        var it = stored.Reservation;
        return string.Create(CultureInfo.InvariantCulture, $"{it.Id.Length} {it.Id} {it.User} {it.NodeId.Length} {it.NodeId} {KindOf(it)} {stored.Version} {stored.Reference.Length} {stored.Reference} {DataJson(it)}");
    }

    /// <summary>
    /// Reads a field's value. The version may be missing or lower than 1.0.0; a higher one is refused, because it may mean
    /// something we do not know. On false, <paramref name="fault"/> says why.
    /// </summary>
    public static bool TryDecodeReservation(ReadOnlySpan<byte> value, [NotNullWhen(true)] out StoredReservation? stored, out string fault)
    {
        stored = null;
        var members = new ReservationMembers();
        if (!TryReadMembers(value, members, out fault)) return false;
        stored = members.ToStored(out fault);
        return stored is not null;
    }

    // What we write ourselves is read as it stands, a hundred thousand at each comparison; whatever else is text first.
    private static bool TryReadMembers(ReadOnlySpan<byte> value, ReservationMembers members, out string fault)
    {
        if (value.StartsWith(ReservationStart)) return TryReadObject(value[(ReservationStart.Length - 1)..], out fault, members.TryTake);
        return TrySkipVersion(Encoding.UTF8.GetString(value), out var json, out fault) && TryReadObject(Encoding.UTF8.GetBytes(json), out fault, members.TryTake);
    }

    private static string KindOf(Reservation it) => it.Match(
        delegateDomain: _ => "domain_delegate",
        subdomain: _ => "subdomain",
        proxy: _ => "proxy",
        reverseProxy: _ => "reverse_proxy",
        gateway4To6: _ => "gateway4to6",
        unsupported: other => other.Kind);

    private static string DataJson(Reservation it) => it.Match(
        delegateDomain: zone => $"{{\"domain\":{Quoted(zone.Domain)}}}",
        subdomain: name => $"{{\"domain\":{Quoted(name.Domain)},\"destination\":[{AddressList(name.Addresses)}]}}",
        proxy: route => string.Create(CultureInfo.InvariantCulture, $"{{\"domain\":{Quoted(route.Domain)},\"addr\":{new GoText(route.Address)},\"port\":{route.HttpPort},\"port_tls\":{route.TlsPort}}}"),
        reverseProxy: route => $"{{\"domain\":{Quoted(route.Domain)},\"secret\":{new GoText(route.EncryptedSecret)}}}",
        gateway4To6: peer => $"{{\"public_key\":{new GoText(peer.PublicKey)}}}",
        unsupported: _ => "");

    private static string AddressList(EquatableList<IPAddress> addresses) => addresses.Count switch
    {
        0 => "",
        1 => GoJson.Quote(IpLiteral.Format(addresses[0])),
        _ => string.Join(',', addresses.Select(address => GoJson.Quote(IpLiteral.Format(address)))),
    };

    private static GoText Quoted(DomainName name) => new(name.ToString());

    private static bool TrySkipVersion(string value, out string json, out string fault)
    {
        (json, fault) = (value, "");
        var text = value.AsSpan().TrimStart();
        if (text is not ['"', ..]) return true;
        var end = text[1..].IndexOf('"');
        if (end < 0 || !TryReadVersion(text.Slice(1, end), out var version)) fault = "its version cannot be read";
        else if (version > new Version(1, 0, 0)) fault = $"its version {version} is newer than 1.0.0, the newest known here";
        else json = text[(end + 2)..].ToString();
        return fault.Length == 0;
    }

    // Semantic Versioning 2.0.0: what follows "-" or "+" is lower than, or equal to, the number before it.
    private static bool TryReadVersion(ReadOnlySpan<char> text, [NotNullWhen(true)] out Version? version)
    {
        var end = text.IndexOfAny('-', '+');
        return Version.TryParse(end < 0 ? text : text[..end], out version) && version is { Build: >= 0, Revision: -1 };
    }

    /// <summary>The user's signature in base64; nothing when there is none.</summary>
    private readonly struct SignatureMember(string signature) : ISpanFormattable
    {
        private const string Start = ",\"signature\":\"";

        public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
        {
            charsWritten = 0;
            if (signature.Length == 0) return true;
            var octets = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(signature.Length));
            var length = Encoding.UTF8.GetBytes(signature, octets);
            if (Start.TryCopyTo(destination) && Convert.TryToBase64Chars(octets.AsSpan(0, length), destination[Start.Length..], out var written) && destination.Length > Start.Length + written)
            {
                destination[Start.Length + written] = '"';
                charsWritten = Start.Length + written + 1;
            }

            ArrayPool<byte>.Shared.Return(octets);
            return charsWritten > 0;
        }

        public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

        public override string ToString() => signature.Length == 0 ? "" : $"{Start}{Convert.ToBase64String(Encoding.UTF8.GetBytes(signature))}\"";
    }

    private sealed class ReservationMembers
    {
        private readonly ReservationData _data = new();
        private readonly ResultMembers _result = new();
        private string _id = "", _node = "", _user = "", _kind = "", _signature = "", _reference = "", _seal = "";
        private GoTime _created;
        private int _version;

        public bool TryTake(JsonProperty member)
        {
            if (member.Value.ValueKind == JsonValueKind.Null) return true;
            if (member.NameIs("id")) return TryReadText(member, out _id);
            if (member.NameIs("node_id")) return TryReadText(member, out _node);
            if (member.NameIs("user_id")) return TryReadText(member, out _user);
            if (member.NameIs("type")) return TryReadText(member, out _kind);
            if (member.NameIs("reference")) return TryReadText(member, out _reference);
            if (member.NameIs("seal")) return TryReadText(member, out _seal);
            if (member.NameIs("created")) return TryReadText(member, out var created) && GoTime.TryParse(created, out _created);
            if (member.NameIs("signature")) return TryReadText(member, out var base64) && TryFromBase64(base64, out _signature);
            if (member.NameIs("version")) return member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt32(out _version);
            if (member.NameIs("data")) return TryObject(member, _data.TryTake);
            return !member.NameIs("result") || TryObject(member, _result.TryTake);
        }

        public StoredReservation? ToStored(out string fault)
        {
            fault = "";
            if (_id.Length == 0) fault = "it has no id";
            else if (!long.TryParse(_user, NumberStyles.None, CultureInfo.InvariantCulture, out var user)) fault = "its user_id is no decimal number";
            else return new StoredReservation(_data.ToReservation(_id, user, _node, _created.Time, _kind, _version), _signature, _reference, _version, _result.ToResult()) { Seal = _seal };
            return null;
        }

        private static bool TryFromBase64(string base64, out string text)
        {
            var bytes = new byte[base64.Length];
            var read = Convert.TryFromBase64String(base64, bytes, out var length);
            text = read ? Encoding.UTF8.GetString(bytes, 0, length) : "";
            return read;
        }
    }

    private sealed class ReservationData
    {
        private readonly List<IPAddress> _addresses = [];
        private string _domain = "", _secret = "", _address = "", _publicKey = "";
        private int _port, _portTls;

        public bool TryTake(JsonProperty member)
        {
            if (member.Value.ValueKind == JsonValueKind.Null) return true;
            if (member.NameIs("domain")) return TryReadText(member, out _domain);
            if (member.NameIs("secret")) return TryReadText(member, out _secret);
            if (member.NameIs("addr")) return TryReadText(member, out _address);
            if (member.NameIs("public_key")) return TryReadText(member, out _publicKey);
            if (member.NameIs("port")) return member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt32(out _port);
            if (member.NameIs("port_tls")) return member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt32(out _portTls);
            return !member.NameIs("destination") || TryTakeAddresses(member.Value);
        }

        public Reservation ToReservation(string id, long user, string node, DateTimeOffset created, string kind, int version)
        {
            if (kind is "gateway4to6") return new Reservation.Gateway4To6(id, user, node, created, _publicKey);
            if (!DomainName.TryParse(_domain, out var name)) return new Reservation.Unsupported(id, user, node, created, kind, $"'{_domain}' is no domain name");
            return kind switch
            {
                "domain_delegate" => new Reservation.DelegateDomain(id, user, node, created, name),
                "subdomain" => new Reservation.Subdomain(id, user, node, created, name, new EquatableList<IPAddress>(_addresses)),
                "proxy" => new Reservation.Proxy(id, user, node, created, name, _address, _port, _portTls),
                "reverse_proxy" => new Reservation.ReverseProxy(id, user, node, created, name, _secret, version),
                _ => new Reservation.Unsupported(id, user, node, created, kind, $"this gateway does not serve reservations of the kind '{kind}'"),
            };
        }

        // The old program stored an address it could not read as an empty text.
        private bool TryTakeAddresses(JsonElement list)
        {
            if (list.ValueKind != JsonValueKind.Array) return false;
            foreach (var item in list.EnumerateArray())
                if (item.ValueKind == JsonValueKind.String && IpLiteral.TryParse(item.GetString()!, out var address)) _addresses.Add(address);
            return true;
        }
    }

    private sealed class ResultMembers
    {
        private string _message = "", _data = "null", _signature = "";
        private GoTime _created;
        private int _state;

        public bool TryTake(JsonProperty member)
        {
            if (member.Value.ValueKind == JsonValueKind.Null) return true;
            if (member.NameIs("message")) return TryReadText(member, out _message);
            if (member.NameIs("signature")) return TryReadText(member, out _signature);
            if (member.NameIs("created")) return TryReadText(member, out var created) && GoTime.TryParse(created, out _created);
            if (member.NameIs("state")) return member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt32(out _state);
            if (member.NameIs("data_json")) _data = member.Value.GetRawText();
            return true;
        }

        public StoredResult ToResult() => new(_state, _message, _data, _signature, _created);
    }

    private static bool TryObject(JsonProperty member, Func<JsonProperty, bool> take)
    {
        if (member.Value.ValueKind != JsonValueKind.Object) return false;
        foreach (var inner in member.Value.EnumerateObject())
            if (!take(inner)) return false;
        return true;
    }

    private static bool TryReadText(JsonProperty member, out string text)
    {
        text = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : "";
        return member.Value.ValueKind == JsonValueKind.String;
    }
}
