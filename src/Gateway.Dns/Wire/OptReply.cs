namespace Gateway.Dns.Wire;

/// <summary>Our own OPT record: never an echo of the client's.</summary>
internal ref struct OptReply
{
    /// <summary>No options, and what every network carries (DNS flag day 2020).</summary>
    public static OptReply Plain => new() { Size = 1_232, Error = ExtendedError.None };

    private const int NsidOption = 3;
    private const int CookieOption = 10;
    private const int ExtendedErrorOption = 15;

    /// <summary>Octets of a UDP query that we can take.</summary>
    public ushort Size;

    /// <summary>The client's DO bit, which is copied (RFC 3225 section 3).</summary>
    public bool DnssecOk;

    /// <summary>The whole cookie option's value: the client's part and ours; empty for none.</summary>
    public ReadOnlySpan<byte> Cookie;

    /// <summary>Who we are (RFC 5001); empty for none.</summary>
    public ReadOnlySpan<byte> Nsid;

    /// <summary>Why the query is refused (RFC 8914).</summary>
    public ExtendedError Error;

    /// <summary>Octets of the record with the options that are known from the start and with an extended error.</summary>
    public readonly int Length => 11 + 6 + OptionLength(Cookie) + OptionLength(Nsid);

    /// <summary>Writes the options and returns how many octets they are.</summary>
    public readonly int CopyOptions(Span<byte> to)
    {
        var at = CopyOption(to, CookieOption, Cookie);
        at += CopyOption(to[at..], NsidOption, Nsid);
        if (Error == ExtendedError.None) return at;
        Octets.Write16(to, at, ExtendedErrorOption);
        Octets.Write16(to, at + 2, 2);
        Octets.Write16(to, at + 4, (int)Error);
        return at + 6;
    }

    private static int OptionLength(ReadOnlySpan<byte> value) => value.IsEmpty ? 0 : 4 + value.Length;

    private static int CopyOption(Span<byte> to, int code, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty) return 0;
        Octets.Write16(to, 0, code);
        Octets.Write16(to, 2, value.Length);
        value.CopyTo(to[4..]);
        return 4 + value.Length;
    }
}
