using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Gateway.Server.Logs;

/// <summary>
/// Takes log lines from everybody and writes them on a thread of its own: a journal or a pipe that hangs holds nobody up. What finds no
/// room, and what comes too often, is left out, and its number told.
/// </summary>
internal sealed class LogWriter : ILoggerProvider
{
    private const string Own = "Gateway.Server.Logs.LogWriter";

    /* A burst of a second. */
    private const int MostWaiting = 10_000;

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly BlockingCollection<LogEntry> _waiting = new(MostWaiting);
    private readonly LogLimit _limit;
    private readonly Action<LogEntry> _write;
    private readonly Action _flush;
    private readonly bool _wantsFields;
    private readonly TimeProvider _time;
    private readonly Thread _thread;
    private long _noRoom;

    /// <param name="limit">Bounds lines of one kind.</param>
    /// <param name="write">Writes one entry; on one thread.</param>
    /// <param name="flush">Called when nothing waits.</param>
    /// <param name="wantsFields">False spares the fields.</param>
    /// <param name="time">The clock.</param>
    public LogWriter(LogLimit limit, Action<LogEntry> write, Action flush, bool wantsFields, TimeProvider time)
    {
        (_limit, _write, _flush, _wantsFields, _time) = (limit, write, flush, wantsFields, time);
        _thread = new Thread(Run) { Name = "log", IsBackground = true };
        _thread.Start();
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Pen(this, categoryName);

    /// <summary>Writes what waits, as far as that is quickly done.</summary>
    public void Dispose()
    {
        if (_waiting.IsAddingCompleted) return;
        _waiting.CompleteAdding();
        _thread.Join(Farewell);
    }

    private void Take(string category, LogLevel level, EventId number, string message, IReadOnlyList<KeyValuePair<string, object?>> fields, Exception? exception)
    {
        try
        {
            if (!_waiting.TryAdd(new LogEntry(_time.GetUtcNow(), level, category, number, message, fields, exception?.ToString()))) Interlocked.Increment(ref _noRoom);
        }
        catch (InvalidOperationException)
        {
            // After the end nobody reads.
        }
    }

    private void Run()
    {
        var told = _time.GetTimestamp();
        try
        {
            while (!_waiting.IsCompleted)
            {
                if (_waiting.TryTake(out var entry, Tick)) _write(entry);
                if (_time.GetElapsedTime(told) >= Tick)
                {
                    TellLeftOut();
                    told = _time.GetTimestamp();
                }

                if (_waiting.Count == 0) _flush();
            }

            TellLeftOut();
            _flush();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Nobody reads standard error any more, and nobody is left to be told.
            _waiting.CompleteAdding();
        }
    }

    private void TellLeftOut()
    {
        foreach (var (category, number, count) in _limit.TakeLeftOut()) Tell(count, $"lines of the kind {category}[{number}], for they came too often (log_rate)");
        if (Interlocked.Exchange(ref _noRoom, 0) is > 0 and var lost) Tell(lost, "lines, for whoever reads them is too slow");
    }

    private void Tell(long count, string which) => _write(new LogEntry(
        _time.GetUtcNow(), LogLevel.Warning, Own, new EventId(1, "LeftOut"), $"The log left out {count} {which}", [new("Count", count)], null));

    private sealed class Pen(LogWriter writer, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (writer._waiting.IsAddingCompleted || !writer._limit.Admits(category, eventId.Id)) return;
            writer.Take(category, logLevel, eventId, formatter(state, exception), writer._wantsFields ? FieldsOf(state) : [], exception);
        }

        // Copied: the state may be used again for another line. The template is not a field.
        private static KeyValuePair<string, object?>[] FieldsOf<TState>(TState state) =>
            state is IReadOnlyList<KeyValuePair<string, object?>> values ? [.. values.Where(value => value.Key != "{OriginalFormat}").Select(value => KeyValuePair.Create(value.Key, Still(value.Value)))] : [];

        private static object? Still(object? value) => value is null or string || value.GetType().IsPrimitive ? value : LogEntry.Text(value);
    }
}
