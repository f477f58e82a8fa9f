using System.Globalization;

namespace Gateway.Model.Reservations;

/// <summary>
/// An instant as Go writes it into JSON: RFC 3339 with up to nine decimals and no trailing zeros. It keeps the nanoseconds that
/// a <see cref="DateTimeOffset"/> (100 ns) cannot, so that what was read is written back byte for byte.
/// </summary>
/// <param name="Time">The instant to 100 ns, with its offset.</param>
/// <param name="Nanoseconds">What is left over: 0 to 99.</param>
public readonly record struct GoTime(DateTimeOffset Time, int Nanoseconds = 0) : ISpanFormattable
{
    private const int Decimals = 9;

    /// <summary>Reads RFC 3339 as Go writes it; decimals after the ninth are refused.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out GoTime time)
    {
        time = default;
        var fraction = FractionOf(text);
        if (fraction.Length > Decimals || text.Length < 20 || text[10] is not ('T' or 't')) return false;
        var nanoseconds = 0;
        for (var i = 0; i < Decimals; i++) nanoseconds = nanoseconds * 10 + (i < fraction.Length ? fraction[i] - '0' : 0);
        var rest = fraction.Length == 0 ? text[19..] : text[(20 + fraction.Length)..];
        if (!TryParseSeconds(text[..19], rest, out var seconds)) return false;
        time = new GoTime(seconds.AddTicks(nanoseconds / 100), nanoseconds % 100);
        return true;
    }

    private static bool TryParseSeconds(ReadOnlySpan<char> text, ReadOnlySpan<char> zone, out DateTimeOffset seconds)
    {
        seconds = default;
        if (zone is not ("Z" or "z"))
            return DateTimeOffset.TryParseExact(string.Concat(text, zone), "yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture, DateTimeStyles.None, out seconds);
        if (!DateTime.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var utc)) return false;
        seconds = new DateTimeOffset(utc, TimeSpan.Zero);
        return true;
    }

    /// <summary>The text as Go's MarshalJSON writes it, without the quotes.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, stackalloc char[64], $"{this}");

    /// <inheritdoc/>
    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    /// <inheritdoc/>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        var nanoseconds = Time.Ticks % TimeSpan.TicksPerSecond * 100 + Nanoseconds;
        var fraction = nanoseconds == 0 ? "" : "." + nanoseconds.ToString("D9", CultureInfo.InvariantCulture).TrimEnd('0');
        var zone = Time.Offset == TimeSpan.Zero ? "Z" : Time.ToString("zzz", CultureInfo.InvariantCulture);
        // "s" is yyyy-MM-ddTHH:mm:ss.
        return destination.TryWrite(CultureInfo.InvariantCulture, $"{Time.DateTime:s}{fraction}{zone}", out charsWritten);
    }

    private static ReadOnlySpan<char> FractionOf(ReadOnlySpan<char> text)
    {
        if (text.Length < 21 || text[19] != '.') return "";
        var rest = text[20..];
        var end = rest.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? rest : rest[..end];
    }
}
