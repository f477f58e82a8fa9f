using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Gateway.Model.Records;

/// <summary>The members of one record, by name in any case; the first fault sticks, and everything after it reads as zero.</summary>
internal sealed class RecordMembers(JsonElement record)
{
    public string Fault { get; private set; } = "";

    public Rdata? Refuse(string member)
    {
        if (Fault.Length == 0) Fault = member;
        return null;
    }

    public IPAddress? Address(int octets)
    {
        if (IpLiteral.TryParse(Text("ip"), out var address) && address.GetAddressBytes().Length == octets) return address;
        Refuse("ip");
        return null;
    }

    public DomainName Host(params ReadOnlySpan<string> names)
    {
        if (!DomainName.TryParse(Text(names), out var host)) Refuse(names[0]);
        return host;
    }

    public DomainName Mailbox(string name)
    {
        var text = Text(name);
        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (at > 0) text = string.Concat(text.AsSpan(0, at), ".", text.AsSpan(at + 1));
        if (!DomainName.TryParse(text, out var mailbox)) Refuse(name);
        return mailbox;
    }

    public string Text(params ReadOnlySpan<string> names)
    {
        if (!TryFind(names, out var value)) return "";
        try
        {
            if (value.ValueKind == JsonValueKind.String) return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair: there is no text that it could mean.
        }

        Refuse(names[0]);
        return "";
    }

    public string ShortText(string name)
    {
        var text = Text(name);
        if (Encoding.UTF8.GetByteCount(text) > 255) Refuse(name);
        return text;
    }

    /// <summary>Hexadecimal digits, with or without RFC 3597's <c>\# length</c> in front.</summary>
    public EquatableList<byte> Octets(string name)
    {
        var parts = Text(name).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var generic = parts is ["\\#", _, ..];
        var hex = string.Concat(generic ? parts[2..] : parts);
        if (hex.Length % 2 != 0 || !hex.All(char.IsAsciiHexDigit)) Refuse(name);
        if (Fault.Length > 0) return new([]);
        var octets = Convert.FromHexString(hex);
        if (generic && parts[1] != octets.Length.ToString(CultureInfo.InvariantCulture)) Refuse(name);
        return new(octets);
    }

    public byte Number8(string name) => (byte)Number(byte.MaxValue, name);

    public ushort Number16(params ReadOnlySpan<string> names) => (ushort)Number(ushort.MaxValue, names);

    public uint Number32(string name) => (uint)Number(uint.MaxValue, name);

    private long Number(long highest, params ReadOnlySpan<string> names)
    {
        if (!TryFind(names, out var value)) return 0;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0 && number <= highest) return number;
        Refuse(names[0]);
        return 0;
    }

    // Later members win, as in Go.
    private bool TryFind(ReadOnlySpan<string> names, out JsonElement value)
    {
        value = default;
        var found = false;
        foreach (var member in record.EnumerateObject())
        {
            if (!HasName(member) || !IsOneOf(member, names) || member.Value.ValueKind == JsonValueKind.Null) continue;
            value = member.Value;
            found = true;
        }

        return found;
    }

    /// <summary>A lone surrogate in a member's name has no text; then it is none of ours.</summary>
    public static bool HasName(JsonProperty member)
    {
        try
        {
            return member.Name.Length > 0;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static bool IsOneOf(JsonProperty member, ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (member.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
