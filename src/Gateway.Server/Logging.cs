using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Gateway.Server;

/// <summary>Where log lines go: standard error, one line each, which systemd hands to the journal.</summary>
internal static class Logging
{
    /// <summary>Lines that wait to be written: a burst of a second.</summary>
    private const int LogQueue = 10_000;

    public static ILoggerFactory Create(LogThreshold threshold, params ILoggerProvider[] more) => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(LogLevel.Trace);
        logging.AddFilter(threshold.Passes);
        foreach (var provider in more) logging.AddProvider(provider);
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.UseUtcTimestamp = true;
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        });
        logging.Services.Configure<ConsoleLoggerOptions>(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            // A journal that hangs must not hold a visitor up: lines that find no room are dropped, and their number is told.
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
            console.MaxQueueLength = LogQueue;
        });
    });
}
