using System.Collections;
using Gateway.Server.Logs;
using Gateway.Server.Options;
using Microsoft.Extensions.Logging;

namespace Gateway.Server;

/// <summary>Reads the configuration again while the node runs, and takes what can change without a restart.</summary>
/// <param name="running">What the node was started with; the options that are taken are changed in it.</param>
/// <param name="arguments">The words of the command line that the node was started with.</param>
/// <param name="environment">The environment that it was started with.</param>
internal sealed partial class Reload(Configuration running, IReadOnlyList<string> arguments, IDictionary environment, LogThreshold threshold, ILogger<Reload> log)
{
    /// <summary>The options, by their path in the file, that a running node takes over.</summary>
    public static readonly IReadOnlySet<string> Taken = new HashSet<string>(StringComparer.Ordinal) { "log_level" };

    /// <summary>Reads everything again. A faulty configuration changes nothing and is logged; so is what needs a restart.</summary>
    public void Run()
    {
        var read = new Configuration();
        var faults = OptionReader.Read(read.Table, arguments, environment);
        foreach (var fault in faults) Refused(log, fault);
        if (faults.Count > 0) return;
        threshold.Level = read.Node.LogLevel;
        running.Node.LogLevel = read.Node.LogLevel;
        var waiting = running.Table.Options.Where(option => !Taken.Contains(option.Path) && running.Table.Show(option) != read.Table.Show(option)).Select(option => option.Path).ToArray();
        if (waiting.Length > 0) NeedRestart(log, string.Join(", ", waiting));
        Done(log, read.Node.LogLevel);
    }

    [LoggerMessage(10, LogLevel.Information, "The configuration was read again; the log level is {Level}")]
    private static partial void Done(ILogger log, LogLevel level);

    [LoggerMessage(11, LogLevel.Error, "The configuration was read again, but nothing of it is taken: {Fault}")]
    private static partial void Refused(ILogger log, string fault);

    [LoggerMessage(12, LogLevel.Warning, "These options changed and take effect at the next restart: {Options}")]
    private static partial void NeedRestart(ILogger log, string options);
}
