using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Text;

namespace Gateway.Model;

/// <summary>
/// A domain name in its one canonical form: lower-cased wire bytes with the root label at the end (RFC 1035 section 3.1,
/// RFC 4343). Two names are equal when their wire bytes are, whatever case, trailing dot or escape they were written with.
/// The default value is the root.
/// </summary>
public readonly struct DomainName : IEquatable<DomainName>, IComparable<DomainName>, IComparisonOperators<DomainName, DomainName, bool>
{
    /// <summary>The longest name in octets, length octets and root included (RFC 1035 section 2.3.4).</summary>
    public const int MaxLength = 255;

    /// <summary>The longest label in octets (RFC 1035 section 2.3.4).</summary>
    public const int MaxLabelLength = 63;

    private static readonly byte[] RootWire = [0];

    private readonly byte[]? _wire;

    private DomainName(byte[] wire) => _wire = wire;

    /// <summary>The root of the tree, written ".".</summary>
    public static DomainName Root => default;

    /// <summary>The lower-cased wire bytes: length octet, label, …, 0. Never empty.</summary>
    public ReadOnlySpan<byte> Wire => _wire ?? RootWire;

    /// <summary>True for the root alone.</summary>
    public bool IsRoot => Wire.Length == 1;

    /// <summary>The number of labels, the root's empty one not counted: 0 to 127.</summary>
    public int LabelCount
    {
        get
        {
            var wire = Wire;
            var count = 0;
            for (var at = 0; wire[at] != 0; at += wire[at] + 1) count++;
            return count;
        }
    }

    /// <summary>True when the first label is "*" alone (RFC 4592 section 2.1.1).</summary>
    public bool IsWildcard => Wire is [1, (byte)'*', ..];

    /// <summary>The name without its first label; the root's parent is the root.</summary>
    public DomainName Parent => IsRoot ? Root : new DomainName(Wire[(Wire[0] + 1)..].ToArray());

    /// <summary>The first label in presentation form; empty for the root.</summary>
    public string FirstLabel
    {
        get
        {
            var label = Wire.Slice(1, Wire[0]);
            if (IsPlain(label)) return Encoding.ASCII.GetString(label);
            var text = new StringBuilder();
            AppendLabel(text, label);
            return text.ToString();
        }
    }

    /// <summary>
    /// True when every label is made of letters, digits, hyphens and underscores, begins with no hyphen, and there is at least
    /// one label: what a reservation may claim (the provisioning contract's "DNS name").
    /// </summary>
    public bool IsHostName
    {
        get
        {
            var wire = Wire;
            for (var at = 0; wire[at] != 0; at += wire[at] + 1)
            {
                if (wire[at + 1] == (byte)'-') return false;
                foreach (var octet in wire.Slice(at + 1, wire[at]))
                    if (!IsHostOctet(octet)) return false;
            }

            return !IsRoot;
        }
    }

    /// <summary>
    /// Reads presentation form (RFC 1035 section 5.1): labels between dots, one optional trailing dot, <c>\X</c> and
    /// <c>\DDD</c> escapes. "." and nothing else is the root; an empty text, an empty or over-long label, an over-long name
    /// and octets outside ASCII are refused.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DomainName name)
    {
        name = default;
        if (text is ".") return true;
        Span<byte> wire = stackalloc byte[MaxLength];
        int labelAt = 0, at = 1;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '.')
            {
                if (!EndLabel(wire, ref labelAt, ref at)) return false;
                continue;
            }

            if (!TryReadOctet(text, ref i, out var octet) || at >= MaxLength - 1) return false;
            wire[at++] = ToLower(octet);
        }

        if (at - labelAt > 1 && !EndLabel(wire, ref labelAt, ref at)) return false;
        if (labelAt == 0) return false;
        wire[labelAt] = 0;
        name = new DomainName(wire[..(labelAt + 1)].ToArray());
        return true;
    }

    /// <summary>Reads presentation form; a malformed text is a bug of the caller.</summary>
    /// <exception cref="FormatException">The text is no domain name.</exception>
    public static DomainName Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"'{text}' is not a domain name.");

    /// <summary>
    /// Reads one uncompressed wire name that fills <paramref name="wire"/> exactly. Compression pointers, reserved label types,
    /// over-long names and bytes after the root are refused.
    /// </summary>
    public static bool TryFromWire(ReadOnlySpan<byte> wire, out DomainName name)
    {
        name = default;
        if (wire.Length is 0 or > MaxLength) return false;
        var at = 0;
        while (at < wire.Length && wire[at] != 0)
        {
            if (wire[at] > MaxLabelLength) return false;
            at += wire[at] + 1;
        }

        if (at != wire.Length - 1) return false;
        var lower = new byte[wire.Length];
        CopyLower(wire, lower);
        name = new DomainName(lower);
        return true;
    }

    /// <summary>Copies wire octets and folds ASCII capitals. Length octets are below 'A', so they are left as they are.</summary>
    public static void CopyLower(ReadOnlySpan<byte> wire, Span<byte> lower)
    {
        for (var i = 0; i < wire.Length; i++) lower[i] = ToLower(wire[i]);
    }

    /// <summary>True when this name is <paramref name="zone"/> or lies below it, label by label.</summary>
    public bool IsAtOrUnder(DomainName zone)
    {
        var own = Wire;
        var other = zone.Wire;
        var at = 0;
        while (own.Length - at > other.Length) at += own[at] + 1;
        return own.Length - at == other.Length && own[at..].SequenceEqual(other);
    }

    /// <summary>True when this name lies below <paramref name="zone"/> and is not the zone itself.</summary>
    public bool IsUnder(DomainName zone) => Wire.Length > zone.Wire.Length && IsAtOrUnder(zone);

    /// <summary>Puts <paramref name="label"/> (presentation form, one label) before this name.</summary>
    public bool TryPrepend(ReadOnlySpan<char> label, out DomainName name)
    {
        name = default;
        return TryParse(label, out var one) && one.LabelCount == 1 && TryConcat(one, this, out name);
    }

    /// <summary>Joins a relative name and an origin. False when the result would be too long.</summary>
    public static bool TryConcat(DomainName relative, DomainName origin, out DomainName name)
    {
        name = default;
        if (relative.Wire.Length - 1 + origin.Wire.Length > MaxLength) return false;
        name = new DomainName([.. relative.Wire[..^1], .. origin.Wire]);
        return true;
    }

    /// <summary>The labels of this name before <paramref name="zone"/>, as a name of their own; the root when both are equal.</summary>
    /// <exception cref="ArgumentException">This name does not lie at or under the zone.</exception>
    public DomainName RelativeTo(DomainName zone) =>
        IsAtOrUnder(zone)
            ? new DomainName([.. Wire[..^zone.Wire.Length], 0])
            : throw new ArgumentException($"{this} is not under {zone}.", nameof(zone));

    /// <summary>Presentation form without the trailing dot; "." for the root.</summary>
    public override string ToString()
    {
        if (IsRoot) return ".";
        var wire = Wire;
        for (var at = 0; wire[at] != 0; at += wire[at] + 1)
            if (!IsPlain(wire.Slice(at + 1, wire[at]))) return Escaped();
        // Nearly all names: the octets themselves, with dots in the places of the lengths.
        return string.Create(wire.Length - 2, this, static (text, name) => name.WritePlain(text));
    }

    private void WritePlain(Span<char> text)
    {
        var wire = Wire;
        for (var at = 0; wire[at] != 0; at += wire[at] + 1)
        {
            if (at != 0) text[at - 1] = '.';
            Encoding.ASCII.GetChars(wire.Slice(at + 1, wire[at]), text[at..]);
        }
    }

    private string Escaped()
    {
        var text = new StringBuilder();
        var wire = Wire;
        for (var at = 0; wire[at] != 0; at += wire[at] + 1)
        {
            if (at != 0) text.Append('.');
            AppendLabel(text, wire.Slice(at + 1, wire[at]));
        }

        return text.ToString();
    }

    /// <summary>Presentation form with the trailing dot.</summary>
    public string ToAbsoluteString() => IsRoot ? "." : ToString() + ".";

    /// <inheritdoc/>
    public bool Equals(DomainName other) => Wire.SequenceEqual(other.Wire);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is DomainName other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Wire);
        return hash.ToHashCode();
    }

    /// <summary>Canonical order (RFC 4034 section 6.1): label by label from the right.</summary>
    public int CompareTo(DomainName other)
    {
        Span<byte> left = stackalloc byte[128], right = stackalloc byte[128];
        var own = Wire;
        var others = other.Wire;
        var i = LabelOffsets(own, left);
        var j = LabelOffsets(others, right);
        while (i > 0 && j > 0)
        {
            i--;
            j--;
            var order = own.Slice(left[i] + 1, own[left[i]]).SequenceCompareTo(others.Slice(right[j] + 1, others[right[j]]));
            if (order != 0) return order;
        }

        return i - j;
    }

    /// <summary>Same name.</summary>
    public static bool operator ==(DomainName left, DomainName right) => left.Equals(right);

    /// <summary>Another name.</summary>
    public static bool operator !=(DomainName left, DomainName right) => !left.Equals(right);

    /// <summary>Before in canonical order.</summary>
    public static bool operator <(DomainName left, DomainName right) => left.CompareTo(right) < 0;

    /// <summary>After in canonical order.</summary>
    public static bool operator >(DomainName left, DomainName right) => left.CompareTo(right) > 0;

    /// <summary>Not after in canonical order.</summary>
    public static bool operator <=(DomainName left, DomainName right) => left.CompareTo(right) <= 0;

    /// <summary>Not before in canonical order.</summary>
    public static bool operator >=(DomainName left, DomainName right) => left.CompareTo(right) >= 0;

    private static bool EndLabel(Span<byte> wire, ref int labelAt, ref int at)
    {
        var length = at - labelAt - 1;
        if (length is 0 or > MaxLabelLength || at >= MaxLength) return false;
        wire[labelAt] = (byte)length;
        labelAt = at++;
        return true;
    }

    private static bool TryReadOctet(ReadOnlySpan<char> text, ref int i, out byte octet)
    {
        octet = (byte)text[i];
        if (text[i] != '\\') return text[i] is > ' ' and < '\x7f';
        if (++i >= text.Length) return false;
        octet = (byte)text[i];
        if (!char.IsAsciiDigit(text[i])) return text[i] is >= ' ' and < '\x7f';
        if (i + 2 >= text.Length || !byte.TryParse(text.Slice(i, 3), out octet)) return false;
        i += 2;
        return true;
    }

    private static void AppendLabel(StringBuilder text, ReadOnlySpan<byte> label)
    {
        foreach (var octet in label)
        {
            if (octet is (byte)'.' or (byte)'\\' or (byte)'"' or (byte)'(' or (byte)')' or (byte)';' or (byte)'@' or (byte)'$') text.Append('\\').Append((char)octet);
            else if (octet is > (byte)' ' and < 0x7f) text.Append((char)octet);
            else text.Append('\\').Append(octet.ToString("D3", null));
        }
    }

    private static int LabelOffsets(ReadOnlySpan<byte> wire, Span<byte> offsets)
    {
        var count = 0;
        for (var at = 0; wire[at] != 0; at += wire[at] + 1) offsets[count++] = (byte)at;
        return count;
    }

    private static bool IsPlain(ReadOnlySpan<byte> label)
    {
        foreach (var octet in label)
            if (!IsHostOctet(octet)) return false;
        return true;
    }

    private static bool IsHostOctet(byte octet) =>
        octet is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'0' and <= (byte)'9') or (byte)'-' or (byte)'_';

    private static byte ToLower(byte octet) => octet is >= (byte)'A' and <= (byte)'Z' ? (byte)(octet | 0x20) : octet;
}
