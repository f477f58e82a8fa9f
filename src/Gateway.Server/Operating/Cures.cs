using System.Collections.Frozen;
using System.Globalization;

namespace Gateway.Server.Operating;

/// <summary>What to do about a line of the log: the table of docs/errors.md, which the program carries.</summary>
internal sealed class Cures
{
    private const string Page = "docs/errors.md";

    private readonly FrozenDictionary<int, string> _byEvent;

    /// <summary>Reads every table row that begins with an event's number: number, level, what it says, what to do.</summary>
    public Cures(IEnumerable<string> lines) => _byEvent = lines.Select(ReadRow).OfType<(int Event, string Cure)>().ToFrozenDictionary(row => row.Event, row => row.Cure);

    /// <summary>Events that have a cure.</summary>
    public IEnumerable<int> Events => _byEvent.Keys;

    /// <summary>Those of the page inside the program.</summary>
    public static Cures FromProgram()
    {
        using var stream = typeof(Cures).Assembly.GetManifestResourceStream(Page)!;
        using var reader = new StreamReader(stream);
        return new Cures(reader.ReadToEnd().Split('\n'));
    }

    /// <summary>One sentence; empty when there is none.</summary>
    public string Of(int @event) => _byEvent.GetValueOrDefault(@event, "");

    private static (int Event, string Cure)? ReadRow(string line) =>
        line.Split('|', StringSplitOptions.TrimEntries) is ["", var number, _, _, var cure, ""] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var read)
            ? (read, cure.Replace("`", "", StringComparison.Ordinal))
            : null;
}
