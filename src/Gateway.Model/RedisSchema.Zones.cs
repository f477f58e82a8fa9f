using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Gateway.Model.Records;

namespace Gateway.Model;

/// <summary>
/// Zones: who owns a zone, who owns a name, and a hash of names per zone. Written byte for byte as the old gateway does; read
/// with every tolerance that its readers and its users had.
/// </summary>
public static partial class RedisSchema
{
    /// <summary>Hash: zone without trailing dot → who it belongs to.</summary>
    public const string ZoneOwnersKey = "zone";

    /// <summary>Hash: reserved name without trailing dot → decimal id of its user. Despite its spelling it holds the names of all zones.</summary>
    public const string NameOwnersKey = "managed_domains";

    /// <summary>What stands before a zone (without trailing dot) in the key of its serial.</summary>
    public const string ZoneSerialPrefix = "gateway:serial:";

    /// <summary>The field of a zone's hash that proves its owner to the reservation API.</summary>
    public const string OwnerField = "__owner__";

    /// <summary>The field of a zone's hash that stands for the zone itself.</summary>
    public const string ApexField = "@";

    /// <summary>Seconds; what the old gateway wrote for addresses.</summary>
    public const uint AddressTtl = 3600;

    /// <summary>Seconds; what the old gateway wrote for the owner's proof.</summary>
    public const uint OwnerTtl = 600;

    /// <summary>The hash that holds a zone's records: its name with the trailing dot.</summary>
    public static string ZoneKey(DomainName zone) => zone.ToAbsoluteString();

    /// <summary>Reads the key of a zone's hash, in any case. Keys without a trailing dot and the root are no zones.</summary>
    public static bool TryReadZoneKey(ReadOnlySpan<char> key, out DomainName zone)
    {
        zone = default;
        return key.EndsWith('.') && DomainName.TryParse(key, out zone) && !zone.IsRoot;
    }

    /// <summary>The field of a name in its zone's hash: <c>@</c>, or the labels before the zone.</summary>
    /// <exception cref="ArgumentException">The name does not lie in the zone.</exception>
    public static string ZoneField(DomainName name, DomainName zone) => name == zone ? ApexField : name.RelativeTo(zone).ToString();

    /// <summary>Reads a field of a zone's hash, in any case; the empty field, which the old gateway wrote by mistake, is the zone itself.</summary>
    public static bool TryReadZoneField(string field, DomainName zone, out DomainName name)
    {
        name = zone;
        if (field is ApexField or "") return true;
        return DomainName.TryParse(field, out var relative) && !relative.IsRoot && DomainName.TryConcat(relative, zone, out name);
    }

    /// <summary>The field of a name in <see cref="ZoneOwnersKey"/> and <see cref="NameOwnersKey"/>.</summary>
    public static string OwnedField(DomainName name) => name.ToString();

    /// <summary>Value in <see cref="ZoneOwnersKey"/>.</summary>
    /// <param name="owner">Decimal id of the user, or the gateway's identity for the domains that it manages itself.</param>
    public static string EncodeZoneOwner(string owner) => $"{{\"Owner\":{GoJson.Quote(owner)}}}";

    /// <summary>Reads a value of <see cref="ZoneOwnersKey"/>; the member in any case, unknown members passed over.</summary>
    public static bool TryDecodeZoneOwner(ReadOnlySpan<byte> value, out string owner)
    {
        var found = "";
        var read = TryReadObject(value, out _, member =>
        {
            if (!member.NameIs("Owner") || member.Value.ValueKind == JsonValueKind.Null) return true;
            if (member.Value.ValueKind != JsonValueKind.String) return false;
            found = member.Value.GetString()!;
            return true;
        });
        owner = read ? found : "";
        return owner.Length > 0;
    }

    /// <summary>Value in <see cref="NameOwnersKey"/>: the user's decimal id.</summary>
    public static string EncodeNameOwner(long user) => user.ToString(CultureInfo.InvariantCulture);

    /// <summary>Reads a value of <see cref="NameOwnersKey"/>: a decimal number, not negative.</summary>
    public static bool TryDecodeNameOwner(string value, out long user) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out user);

    /// <summary>The string that holds the serial of a zone's SOA and the digest of the data that the serial stands for.</summary>
    public static string ZoneSerialKey(DomainName zone) => ZoneSerialPrefix + zone;

    /// <summary>Reads the key of a zone's serial.</summary>
    public static bool TryReadZoneSerialKey(ReadOnlySpan<char> key, out DomainName zone)
    {
        zone = default;
        return key.StartsWith(ZoneSerialPrefix, StringComparison.Ordinal) && DomainName.TryParse(key[ZoneSerialPrefix.Length..], out zone);
    }

    /// <summary>Value of a zone's serial key.</summary>
    public static string EncodeZoneSerial(ZoneSerial serial) =>
        string.Create(CultureInfo.InvariantCulture, $"{serial.Serial} {FormatDigest(serial.Digest)}");

    /// <summary>A digest as it stands in the value of a serial key: 16 hexadecimal digits.</summary>
    public static string FormatDigest(ulong digest) => digest.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Reads the value of a zone's serial key.</summary>
    public static bool TryDecodeZoneSerial(string value, out ZoneSerial serial)
    {
        serial = default;
        var parts = value.Split(' ');
        if (parts.Length != 2 || !uint.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return false;
        if (!ulong.TryParse(parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var digest)) return false;
        serial = new ZoneSerial(number, digest);
        return true;
    }

    /// <summary>The proof of a zone's owner, as it stands in <see cref="OwnerField"/> and is served as TXT.</summary>
    public static EquatableList<ResourceRecord> OwnerRecords(OwnerProof proof) =>
        new([new ResourceRecord(OwnerTtl, new Rdata.Txt($"{{\"identity\":{GoJson.Quote(proof.Identity)},\"owner\":{GoJson.Quote(proof.Owner)}}}"))]);

    /// <summary>Finds the proof of a zone's owner among the records of <see cref="OwnerField"/>.</summary>
    public static bool TryReadOwnerRecords(IEnumerable<ResourceRecord> records, [NotNullWhen(true)] out OwnerProof? proof)
    {
        proof = null;
        foreach (var record in records)
            if (record.Data is Rdata.Txt txt && TryReadOwnerText(txt.Text, out var read)) proof = read;
        return proof is not null;
    }

    /// <summary>Reads the text of one record of <see cref="OwnerField"/>, as it is served.</summary>
    public static bool TryReadOwnerText(string text, [NotNullWhen(true)] out OwnerProof? proof)
    {
        string identity = "", owner = "";
        var isWhole = TryReadObject(Encoding.UTF8.GetBytes(text), out _, member => member.NameIs("identity") ? TryText(member, ref identity) : !member.NameIs("owner") || TryText(member, ref owner));
        proof = isWhole ? new OwnerProof(identity, owner) : null;
        return isWhole;
    }

    private static bool TryText(JsonProperty member, ref string text)
    {
        if (member.Value.ValueKind != JsonValueKind.String) return false;
        text = member.Value.GetString()!;
        return true;
    }

    /// <summary>Who a zone belongs to, as its `__owner__` text says it.</summary>
    /// <param name="Identity">The gateway's identity.</param>
    /// <param name="Owner">Decimal id of the user, or the gateway's identity again.</param>
    public sealed record OwnerProof(string Identity, string Owner);

    /// <summary>The serial of a zone and what it stands for.</summary>
    /// <param name="Serial">SOA serial, RFC 1982 arithmetic.</param>
    /// <param name="Digest">Sum of the digests of all names' records: equal data have equal digests on every node.</param>
    public readonly record struct ZoneSerial(uint Serial, ulong Digest);
}
