using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Gateway.Server.Operating;

/// <summary>Keeps the last warnings and errors of the log for the operator's page, each with what to do about it.</summary>
internal sealed class RecentTroubles(Cures cures, TimeProvider time) : ILoggerProvider
{
    /* What fits a page; older ones are in the journal. */
    private const int Most = 50;

    private readonly Queue<JsonObject> _kept = new();
    private long _count;

    /// <summary>How many there were since the start.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>The newest first, each with what to do about it.</summary>
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

    private void Keep(LogLevel level, EventId id, string part, string text)
    {
        lock (_kept)
        {
            _count++;
            if (_kept.Count == Most) _kept.Dequeue();
            _kept.Enqueue(new JsonObject { ["at"] = time.GetUtcNow().ToString("O"), ["level"] = level.ToString().ToLowerInvariant(), ["part"] = part, ["event"] = id.Id, ["text"] = text, ["cure"] = cures.Of(id.Id) });
        }
    }

    private sealed class Ear(RecentTroubles troubles, string part) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) troubles.Keep(logLevel, eventId, part, formatter(state, exception));
        }
    }
}
