using System.Collections;

namespace Gateway.Server.Options;

/// <summary>Reads a whole configuration: file, then environment, then flags. All faults come together.</summary>
internal static class OptionReader
{
    private const string ConfigFlag = "--config";

    /// <summary>
    /// Applies everything that was written to the sections of <paramref name="table"/>.
    /// </summary>
    /// <returns>One line for each fault, empty when the configuration is good.</returns>
    public static IReadOnlyList<string> Read(OptionTable table, IReadOnlyList<string> arguments, IDictionary environment)
    {
        var faults = new List<string>();
        var flags = TakeConfigFlag(arguments, out var file, faults);
        var settings = new List<Setting>();
        var isWhole = file is null || TryReadFile(file, table.Sections, settings, faults);
        settings.AddRange(Settings.FromEnvironment(environment, table, faults));
        settings.AddRange(Settings.FromFlags(flags, table, faults));
        var unread = new HashSet<string>();
        foreach (var setting in settings)
            if (table.Apply(setting) is { } fault)
            {
                faults.Add(fault);
                unread.Add(setting.Path);
            }

        if (isWhole) faults.AddRange(Together(table, settings, unread));
        return faults;
    }

    /// <summary>
    /// What several options make together, where the operator wrote the one to change, or else what makes it a fault. Nothing is said of
    /// options that could not be read: it would be about values that nobody wrote.
    /// </summary>
    private static IEnumerable<string> Together(OptionTable table, List<Setting> settings, HashSet<string> unread) =>
        from fault in table.Faults()
        let concerned = fault.Because.Prepend(fault.Option).ToList()
        where !concerned.Exists(unread.Contains)
        let written = concerned.Select(path => settings.FindLast(setting => setting.Path == path)).FirstOrDefault(setting => setting is not null)
        select written is null ? fault.Text : $"{written.Origin}: {fault.Text}";

    // False: what the file says is not known, or not all of it.
    private static bool TryReadFile(string file, IReadOnlyCollection<string> sections, List<Setting> settings, List<string> faults)
    {
        try
        {
            return Settings.TryReadJson(File.ReadAllBytes(file), file, sections, settings, faults);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add($"{file}: cannot be read: {e.Message}");
            return false;
        }
    }

    private static List<string> TakeConfigFlag(IReadOnlyList<string> arguments, out string? file, List<string> faults)
    {
        file = null;
        var rest = new List<string>();
        for (var i = 0; i < arguments.Count; i++)
        {
            if (arguments[i].StartsWith(ConfigFlag + "=", StringComparison.Ordinal)) file = arguments[i][(ConfigFlag.Length + 1)..];
            else if (arguments[i] != ConfigFlag) rest.Add(arguments[i]);
            else if (++i < arguments.Count) file = arguments[i];
            else faults.Add("flag --config: the name of a file is missing.");
        }

        return rest;
    }
}
