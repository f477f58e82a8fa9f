using System.Globalization;
using System.Text;
using Gateway.Model.Records;

namespace Gateway.Model;

/// <summary>The records of one name: a JSON object with one list per type. Here the writing; the reading stands beside it.</summary>
public static partial class RedisSchema
{
    /// <summary>
    /// The value of a name in its zone's hash: types in the order of their member names, records in the order given. No record
    /// at all is <c>{}</c>.
    /// </summary>
    public static string EncodeRecords(IEnumerable<ResourceRecord> records)
    {
        var json = new StringBuilder("{");
        foreach (var type in records.GroupBy(record => MemberName(record.Type)).OrderBy(type => type.Key, StringComparer.Ordinal))
        {
            if (json.Length > 1) json.Append(',');
            json.Append('"').Append(type.Key).Append("\":");
            if (type.First().Data is Rdata.Soa) AppendRecord(json, type.First());
            else AppendList(json, type);
        }

        return json.Append('}').ToString();
    }

    /// <summary>The member that holds a type: its mnemonic in small letters, or <c>type</c> and its number.</summary>
    internal static string MemberName(RecordType type) => type switch
    {
        RecordType.A => "a",
        RecordType.Aaaa => "aaaa",
        RecordType.Caa => "caa",
        RecordType.Cname => "cname",
        RecordType.Dname => "dname",
        RecordType.Ds => "ds",
        RecordType.Https => "https",
        RecordType.Mx => "mx",
        RecordType.Naptr => "naptr",
        RecordType.Ns => "ns",
        RecordType.Ptr => "ptr",
        RecordType.Soa => "soa",
        RecordType.Srv => "srv",
        RecordType.Sshfp => "sshfp",
        RecordType.Svcb => "svcb",
        RecordType.Tlsa => "tlsa",
        RecordType.Txt => "txt",
        _ => "type" + ((ushort)type).ToString(CultureInfo.InvariantCulture),
    };

    private static void AppendList(StringBuilder json, IEnumerable<ResourceRecord> records)
    {
        json.Append('[');
        foreach (var record in records)
        {
            if (json[^1] != '[') json.Append(',');
            AppendRecord(json, record);
        }

        json.Append(']');
    }

    private static void AppendRecord(StringBuilder json, ResourceRecord record)
    {
        json.Append('{');
        foreach (var (name, value) in Members(record.Data))
        {
            if (json[^1] != '{') json.Append(',');
            json.Append('"').Append(name).Append("\":").Append(value);
        }

        // Old readers know no ttl in caa, and pass it over.
        if (record.Data is not Rdata.Caa || record.Ttl != 0) json.Append(CultureInfo.InvariantCulture, $",\"ttl\":{record.Ttl}");
        json.Append('}');
    }

    private static (string Name, string Value)[] Members(Rdata data) => data switch
    {
        Rdata.A it => [("ip", Quote(IpLiteral.Format(it.Address)))],
        Rdata.Aaaa it => [("ip", Quote(IpLiteral.Format(it.Address)))],
        Rdata.Txt it => [("text", Quote(it.Text))],
        Rdata.Cname it => [("host", Quote(it.Host))],
        Rdata.Dname it => [("host", Quote(it.Host))],
        Rdata.Ns it => [("host", Quote(it.Host))],
        Rdata.Ptr it => [("host", Quote(it.Host))],
        Rdata.Mx it => [("host", Quote(it.Host)), ("preference", Number(it.Preference))],
        Rdata.Srv it => [("target", Quote(it.Host)), ("port", Number(it.Port)), ("priority", Number(it.Priority)), ("weight", Number(it.Weight))],
        Rdata.Caa it => [("flag", Number(it.Flag)), ("tag", Quote(it.Tag)), ("value", Quote(it.Value))],
        Rdata.Soa it => [("ns", Quote(it.Primary)), ("mbox", Quote(it.Mailbox)), ("refresh", Number(it.Refresh)), ("retry", Number(it.Retry)), ("expire", Number(it.Expire)), ("minttl", Number(it.Minimum))],
        Rdata.Svcb it => [("priority", Number(it.Priority)), ("target", Quote(it.Host)), ("params", Quote(it.Parameters.Text))],
        Rdata.Ds it => [("keytag", Number(it.KeyTag)), ("algorithm", Number(it.Algorithm)), ("digesttype", Number(it.DigestType)), ("digest", Hex(it.Digest))],
        Rdata.Tlsa it => [("usage", Number(it.Usage)), ("selector", Number(it.Selector)), ("matching", Number(it.Matching)), ("data", Hex(it.Association))],
        Rdata.Sshfp it => [("algorithm", Number(it.Algorithm)), ("fptype", Number(it.FingerprintType)), ("fingerprint", Hex(it.Fingerprint))],
        Rdata.Naptr it => [("order", Number(it.Order)), ("preference", Number(it.Preference)), ("flags", Quote(it.Flags)), ("service", Quote(it.Service)), ("regexp", Quote(it.Expression)), ("replacement", Quote(it.Replacement))],
        Rdata.Generic it => [("rdata", Hex(it.Octets))],
        _ => [],
    };

    private static string Quote(string text) => GoJson.Quote(text);

    private static string Quote(DomainName name) => GoJson.Quote(name.ToAbsoluteString());

    private static string Number(uint value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Hex(EquatableList<byte> octets) => Quote(Convert.ToHexStringLower([.. octets]));
}
