using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Gateway.Server.Operating;

/// <summary>Keeps the last warnings and errors of the log for the operator's page.</summary>
internal sealed class RecentTroubles(TimeProvider time) : ILoggerProvider
{
    /* What fits a page; older ones are in the journal. */
    private const int Most = 50;

    private readonly Queue<JsonObject> _kept = new();

    /// <summary>The newest first.</summary>
    public JsonArray Newest()
    {
        lock (_kept) return [.. _kept.Reverse().Select(it => it.DeepClone())];
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Ear(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is held but the lines.
    }

    private void Keep(LogLevel level, string part, string text)
    {
        lock (_kept)
        {
            if (_kept.Count == Most) _kept.Dequeue();
            _kept.Enqueue(new JsonObject { ["at"] = time.GetUtcNow().ToString("O"), ["level"] = level.ToString().ToLowerInvariant(), ["part"] = part, ["text"] = text });
        }
    }

    private sealed class Ear(RecentTroubles troubles, string part) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) troubles.Keep(logLevel, part, formatter(state, exception));
        }
    }
}
