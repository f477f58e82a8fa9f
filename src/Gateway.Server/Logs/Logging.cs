using System.Collections;
using Gateway.Server.Options;
using Microsoft.Extensions.Logging;

namespace Gateway.Server.Logs;

/// <summary>Where log lines go: standard error, or the journal with fields when systemd connected the two.</summary>
internal static class Logging
{
    private const string StandardErrorLink = "/proc/self/fd/2";

    /// <summary>Builds what everybody logs to.</summary>
    /// <param name="options">The format and the bound on lines of one kind.</param>
    /// <param name="threshold">Which lines are written at all.</param>
    /// <param name="error">Standard error.</param>
    /// <param name="environment">The environment, for JOURNAL_STREAM.</param>
    /// <param name="time">The clock.</param>
    /// <param name="more">Who else hears every line that passes the threshold.</param>
    public static ILoggerFactory Create(NodeOptions options, LogThreshold threshold, TextWriter error, IDictionary environment, TimeProvider time, params ILoggerProvider[] more) => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(LogLevel.Trace);
        logging.AddFilter(threshold.Passes);
        foreach (var provider in more) logging.AddProvider(provider);
        OtlpExport.AddLogs(logging, options);
        logging.AddProvider(Writer(FormatOf(options.LogFormat, environment), new LogLimit(options.LogRate, time), error, Journal.DefaultPath, time));
    });

    /// <summary>What writes lines of this format.</summary>
    public static LogWriter Writer(LogFormat format, LogLimit limit, TextWriter error, string journalPath, TimeProvider time)
    {
        if (format != LogFormat.Journal) return new LogWriter(limit, Lines(format == LogFormat.Json ? LogLines.Json : LogLines.Human), error.Flush, format == LogFormat.Json, time);
        // It lives as long as the process that logs.
        var journal = new Journal(journalPath);
        return new LogWriter(limit, entry => { if (!journal.TryWrite(entry)) error.WriteLine(LogLines.Prefixed(entry)); }, error.Flush, wantsFields: true, time);

        Action<LogEntry> Lines(Func<LogEntry, string> line) => entry => error.WriteLine(line(entry));
    }

    private static LogFormat FormatOf(LogFormat wanted, IDictionary environment)
    {
        if (wanted != LogFormat.Auto) return wanted;
        return Journal.IsConnected(environment["JOURNAL_STREAM"] as string, new FileInfo(StandardErrorLink).LinkTarget) ? LogFormat.Journal : LogFormat.Human;
    }
}
