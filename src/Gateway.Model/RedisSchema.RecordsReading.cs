using System.Globalization;
using System.Text.Json;
using Gateway.Model.Records;

namespace Gateway.Model;

/// <summary>
/// The records of one name, read: one bad record is dropped and told, its neighbours stand. Spellings of the old plugin's README,
/// an object where a list belongs, and names in any case are read as what they mean.
/// </summary>
public static partial class RedisSchema
{
    /// <summary>Octets; a longer value is refused before it is parsed. Four times the largest record set that fits a DNS message.</summary>
    public const int LongestName = 256 * 1024;

    /// <summary>Reads the value of a name in its zone's hash. Null when it is no JSON object: then there is nothing to go by at all.</summary>
    public static StoredName? DecodeRecords(ReadOnlyMemory<byte> value)
    {
        if (value.Length > LongestName) return null;
        try
        {
            using var document = JsonDocument.Parse(value);
            return document.RootElement.ValueKind == JsonValueKind.Object ? ReadTypes(document.RootElement) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static StoredName ReadTypes(JsonElement name)
    {
        var records = new List<ResourceRecord>();
        var faults = new List<RecordFault>();
        foreach (var member in name.EnumerateObject())
        {
            if (!TryReadMemberName(member, out var type)) continue;
            var at = records.Count;
            if (!TryReadList(member.Value, type, records, out var reason)) faults.Add(new RecordFault(type, reason, records.Count == at));
        }

        return new StoredName(new(records), new(faults));
    }

    private static bool TryReadMemberName(JsonProperty member, out RecordType type)
    {
        type = default;
        if (!RecordMembers.HasName(member)) return false;
        foreach (var known in KnownTypes)
        {
            type = known.Type;
            if (member.NameIs(known.Name)) return true;
        }

        var name = member.Name.AsSpan();
        if (!name.StartsWith("type", StringComparison.OrdinalIgnoreCase)) return false;
        if (!ushort.TryParse(name[4..], NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return false;
        type = (RecordType)number;
        return !IsForQuestionsOnly(type);
    }

    private static readonly (string Name, RecordType Type)[] KnownTypes =
        [.. Enum.GetValues<RecordType>().Select(type => (MemberName(type), type)).Where(known => !known.Item1.StartsWith("type", StringComparison.Ordinal))];

    // RFC 6895 section 3.1: 0, OPT and 128 to 255 are no data.
    private static bool IsForQuestionsOnly(RecordType type) => type is 0 or RecordType.Opt or (>= (RecordType)128 and <= (RecordType)255);

    private static bool TryReadList(JsonElement value, RecordType type, List<ResourceRecord> records, out string reason)
    {
        reason = "";
        if (value.ValueKind == JsonValueKind.Null) return true;
        if (value.ValueKind == JsonValueKind.Object) return TryReadRecord(value, type, records, ref reason);
        if (value.ValueKind != JsonValueKind.Array)
        {
            reason = "neither a list nor an object";
            return false;
        }

        var whole = true;
        foreach (var item in value.EnumerateArray()) whole &= TryReadRecord(item, type, records, ref reason);
        return whole;
    }

    private static bool TryReadRecord(JsonElement item, RecordType type, List<ResourceRecord> records, ref string reason)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            reason = "not an object";
            return false;
        }

        var members = new RecordMembers(item);
        var ttl = members.Number32("ttl");
        if (RdataOf(type, members) is { } data && members.Fault.Length == 0)
        {
            records.Add(new ResourceRecord(ttl, data));
            return true;
        }

        reason = members.Fault.Length == 0 ? "not understood" : members.Fault;
        return false;
    }

    private static Rdata? RdataOf(RecordType type, RecordMembers m) => type switch
    {
        RecordType.A => m.Address(4) is { } ip ? new Rdata.A(ip) : null,
        RecordType.Aaaa => m.Address(16) is { } ip ? new Rdata.Aaaa(ip) : null,
        RecordType.Txt => m.Text("text") is { Length: > 0 } text ? new Rdata.Txt(text) : m.Refuse("empty text"),
        RecordType.Cname => new Rdata.Cname(m.Host("host")),
        RecordType.Dname => new Rdata.Dname(m.Host("host")),
        RecordType.Ns => new Rdata.Ns(m.Host("host")),
        RecordType.Ptr => new Rdata.Ptr(m.Host("host")),
        RecordType.Mx => new Rdata.Mx(m.Number16("preference", "priority"), m.Host("host")),
        RecordType.Srv => new Rdata.Srv(m.Number16("priority"), m.Number16("weight"), m.Number16("port"), m.Host("target", "host")),
        RecordType.Caa => CaaOf(m),
        RecordType.Soa => SoaOf(m),
        RecordType.Https or RecordType.Svcb => SvcbOf(type, m),
        RecordType.Ds => new Rdata.Ds(m.Number16("keytag"), m.Number8("algorithm"), m.Number8("digesttype"), m.Octets("digest")),
        RecordType.Tlsa => new Rdata.Tlsa(m.Number8("usage"), m.Number8("selector"), m.Number8("matching"), m.Octets("data")),
        RecordType.Sshfp => new Rdata.Sshfp(m.Number8("algorithm"), m.Number8("fptype"), m.Octets("fingerprint")),
        RecordType.Naptr => new Rdata.Naptr(m.Number16("order"), m.Number16("preference"), m.ShortText("flags"), m.ShortText("service"), m.ShortText("regexp"), m.Host("replacement")),
        _ => new Rdata.Generic(type, m.Octets("rdata")),
    };

    private static Rdata? CaaOf(RecordMembers m)
    {
        var tag = m.Text("tag");
        // RFC 8659 section 4.1: a tag is letters and digits, at most 15 octets by good custom and never empty.
        if (tag.Length is 0 or > 255 || !tag.All(char.IsAsciiLetterOrDigit)) return m.Refuse("tag");
        return new Rdata.Caa(m.Number8("flag"), tag, m.Text("value"));
    }

    /// <summary>Zeros mean "not said": the defaults keep expire above refresh, which the old plugin's own did not.</summary>
    private static Rdata.Soa SoaOf(RecordMembers m)
    {
        var refresh = Or(m.Number32("refresh"), 86_400);
        return new Rdata.Soa(
            m.Host("ns"), m.Mailbox("mbox"), refresh, Or(m.Number32("retry"), 7_200), Or(m.Number32("expire"), 3_600_000), m.Number32("minttl"));
    }

    private static uint Or(uint value, uint otherwise) => value == 0 ? otherwise : value;

    private static Rdata? SvcbOf(RecordType type, RecordMembers m) =>
        SvcParams.TryParse(m.Text("params"), out var parameters)
            ? new Rdata.Svcb(type == RecordType.Https, m.Number16("priority"), m.Host("target"), parameters)
            : m.Refuse("params");

    /// <summary>What the value of a name says.</summary>
    /// <param name="Records">The good records, in the order in which they stand.</param>
    /// <param name="Faults">What had to be left out; at most one for each type.</param>
    public sealed record StoredName(EquatableList<ResourceRecord> Records, EquatableList<RecordFault> Faults);

    /// <summary>Records of a type that could not be read.</summary>
    /// <param name="Type">Their type.</param>
    /// <param name="Reason">What is wrong, in a word or two: a member's name, mostly. Never a stored value.</param>
    /// <param name="WholeType">True when no record of that type was good.</param>
    public readonly record struct RecordFault(RecordType Type, string Reason, bool WholeType);
}
