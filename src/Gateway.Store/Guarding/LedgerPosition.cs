using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Gateway.Store.Guarding;

/// <summary>How far the change ledger was written at some moment.</summary>
/// <param name="Id">Id of the stream entry, "milliseconds-count".</param>
/// <param name="Sequence">Number of the entry; 0 in an empty ledger.</param>
internal readonly record struct LedgerPosition(string Id, long Sequence)
{
    /// <summary>Before every entry.</summary>
    internal static readonly LedgerPosition Beginning = new("0-0", 0);

    /// <summary>As it stands in a last-known-good file.</summary>
    internal string Encode() => string.Create(CultureInfo.InvariantCulture, $"{Id} {Sequence}");

    internal static bool TryDecode(string text, [NotNullWhen(true)] out LedgerPosition? position)
    {
        var parts = text.Split(' ');
        var isGood = parts is [var id, var number]
            && id.Split('-') is [var milliseconds, var count] && IsNumber(milliseconds) && IsNumber(count) && IsNumber(number);
        position = isGood ? new LedgerPosition(parts[0], long.Parse(parts[1], CultureInfo.InvariantCulture)) : null;
        return isGood;
    }

    private static bool IsNumber(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
