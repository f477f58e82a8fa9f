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
        if (file is not null) settings.AddRange(ReadFile(file, table.Sections, faults));
        settings.AddRange(Settings.FromEnvironment(environment, table, faults));
        settings.AddRange(Settings.FromFlags(flags, table, faults));
        foreach (var setting in settings)
            if (table.Apply(setting) is { } fault) faults.Add(fault);
        // What concerns several options is only worth saying when each of them could be read.
        if (faults.Count == 0) faults.AddRange(table.Faults());
        return faults;
    }

    private static IReadOnlyList<Setting> ReadFile(string file, IReadOnlyCollection<string> sections, List<string> faults)
    {
        try
        {
            return Settings.FromJson(File.ReadAllBytes(file), file, sections, faults);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add($"{file}: cannot be read: {e.Message}");
            return [];
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
