using System.Reflection;
using Gateway.Model.Options;

namespace Gateway.Server.Options;

/// <summary>All options of the daemon: the sections of one configuration, found by their attributes.</summary>
internal sealed class OptionTable
{
    private readonly Dictionary<string, ICheckedOptions> _sections = [];
    private readonly List<OptionDescription> _options = [];
    private readonly Func<IEnumerable<OptionFault>> _across;

    /// <summary>Takes the sections of <paramref name="configuration"/>; the one named "" stands at the top of the file.</summary>
    /// <param name="configuration">Each with its name.</param>
    /// <param name="across">The faults that lie between sections, with whole paths; null: there can be none.</param>
    public OptionTable(IEnumerable<(string Name, ICheckedOptions Section)> configuration, Func<IEnumerable<OptionFault>>? across = null)
    {
        _across = across ?? (() => []);
        foreach (var (name, section) in configuration)
        {
            _sections.Add(name, section);
            foreach (var property in section.GetType().GetProperties())
                if (property.GetCustomAttribute<OptionAttribute>() is { } text) _options.Add(new OptionDescription(name, property, text));
        }
    }

    /// <summary>Every option, in the order of its section and of its declaration.</summary>
    public IReadOnlyList<OptionDescription> Options => _options;

    /// <summary>The names of the JSON objects that options stand in.</summary>
    public IReadOnlyCollection<string> Sections => [.. _sections.Keys.Where(name => name.Length > 0)];

    /// <summary>The option at <paramref name="path"/> of the JSON file.</summary>
    public OptionDescription? Find(string path) => _options.Find(option => option.Path == path);

    /// <summary>The value that stands now, in the syntax of the reader.</summary>
    public string Show(OptionDescription option) => option.Format(_sections[option.Section]);

    /// <summary>Puts a setting in its place. The fault says what was expected; null when it fits.</summary>
    public string? Apply(Setting setting)
    {
        if (Find(setting.Path) is not { } option) return $"{setting.Origin}: unknown option '{setting.Path}'; {Suggest(setting.Path, option => option.Path)}";
        var element = OptionValue.ElementType(option.Property.PropertyType);
        if (element is null && setting.Values.Count != 1) return $"{setting.Origin}: '{setting.Path}' takes one value, not {setting.Values.Count}.";
        var values = new List<object>();
        foreach (var text in setting.Values)
        {
            if (!OptionValue.TryParse(element ?? option.Property.PropertyType, text, out var value, out var expected))
                return $"{setting.Origin}: '{text}' is not {expected}.";
            if (Outside(option.Text, value!)) return $"{setting.Origin}: '{text}' is out of range: {Range(option.Text)}.";
            values.Add(value!);
        }

        option.Property.SetValue(_sections[option.Section], element is null ? values[0] : OptionValue.ListOf(element, values));
        return null;
    }

    /// <summary>The faults that only several options together show, each beginning with the whole path of the option to change.</summary>
    public IEnumerable<OptionFault> Faults() => _sections.SelectMany(section =>
        section.Value.Faults().Select(fault => section.Key.Length == 0 ? fault : fault with { Text = $"{section.Key}.{fault.Text}" })).Concat(_across());

    /// <summary>The range of a number in words; empty when there is none.</summary>
    public static string Range(OptionAttribute text) => (double.IsInfinity(text.Minimum), double.IsInfinity(text.Maximum)) switch
    {
        (true, true) => "",
        (false, true) => FormattableString.Invariant($"at least {text.Minimum}"),
        (true, false) => FormattableString.Invariant($"at most {text.Maximum}"),
        _ => FormattableString.Invariant($"{text.Minimum} to {text.Maximum}"),
    };

    private static bool Outside(OptionAttribute text, object value)
    {
        var number = value switch { int it => it, long it => it, double it => it, TimeSpan it => it.TotalSeconds, _ => double.NaN };
        return number < text.Minimum || number > text.Maximum;
    }

    /// <summary>The option whose spelling is nearest to what was written, or where to find all of them.</summary>
    public string Suggest(string written, Func<OptionDescription, string> spelling)
    {
        var nearest = _options.Select(spelling).MinBy(known => Distance(known, written));
        return nearest is not null && Distance(nearest, written) <= 3 ? $"did you mean '{nearest}'?" : "'gatewayd options' lists all.";
    }

    /// <summary>Levenshtein's distance, for the one hint that a misspelt option deserves.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0]++;
            for (var j = 1; j <= b.Length; j++)
            {
                var substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
