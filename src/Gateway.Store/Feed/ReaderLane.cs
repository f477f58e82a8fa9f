using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Gateway.Store.Feed;

/// <summary>One reader, what it still has to look at, and the one worker that calls it: readers do not wait for each other.</summary>
internal sealed partial class ReaderLane(IChangeReader reader, CompareTurn turn, WriterGate gate, ChangeFeedOptions options, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    private readonly PendingChanges _pending = new();
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private TimeSpan _delay = FirstDelay;
    private long _routineAt;

    internal string Name => reader.Name;

    /// <summary>See <see cref="ChangeFeed.IsCurrent"/>.</summary>
    internal bool IsCurrent => !_pending.IsBehind;

    internal IReadOnlyList<string> Patterns => reader.Patterns;

    internal bool Concerns(string key) => reader.Concerns(key);

    /// <summary>A place to look at, where it concerns the reader.</summary>
    internal void Add(KeyChange change)
    {
        if (!reader.Concerns(change.Key)) return;
        _pending.Add(change);
        Ring();
    }

    /// <summary>Changes may have been missed.</summary>
    internal void Miss()
    {
        _pending.AddEverything(missed: true);
        Ring();
    }

    /// <summary>A comparison is wanted, though nothing was missed.</summary>
    internal void CompareSoon()
    {
        _pending.AddEverything(missed: false);
        Ring();
    }

    /// <summary>Looks at the clock for the routine comparison, and wakes the worker to look for a free turn.</summary>
    internal void Tick()
    {
        if (_pending.IsBuilt && time.GetTimestamp() > Volatile.Read(ref _routineAt)) _pending.AddEverything(missed: false);
        Ring();
    }

    internal void Ring() => _bell.Writer.TryWrite(true);

    /// <summary>Works until the session is lost or it is time to stop.</summary>
    internal async Task WorkAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await _bell.Reader.ReadAsync(stop);
                while (await StepAsync(stop))
                {
                    // As long as there is something to do.
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The next session begins with a comparison.
        }
    }

    /// <returns>False when there was nothing to do.</returns>
    private async Task<bool> StepAsync(CancellationToken stop)
    {
        if (gate.IsClosed && reader.Serves) return false;
        if (_pending.Everything && turn.TryTake()) return await CompareAsync(stop);
        var changes = _pending.Take();
        if (changes.Count == 0) return false;
        var held = reader.IsHolding;
        if (await CallAsync(() => reader.ApplyAsync(changes, stop), "apply changes", stop)) StoreMetrics.Applied(reader.Name, changes.Count);
        else await BackOffAsync(stop);
        if (reader.IsHolding && !held) _pending.AddEverything(missed: false);
        return true;
    }

    private async Task<bool> CompareAsync(CancellationToken stop)
    {
        bool compared;
        _pending.BeginEverything();
        try
        {
            compared = await CallAsync(() => reader.CompareAsync(stop), "compare", stop);
        }
        finally
        {
            turn.Release();
        }

        if (compared) Compared();
        else await BackOffAsync(stop);
        return true;
    }

    private void Compared()
    {
        _pending.EndEverything();
        _delay = FirstDelay;
        // Up to a tenth later, so that nodes do not compare in step.
        var jitter = RandomNumberGenerator.GetInt32(1000) / 10_000.0;
        var pause = reader.IsHolding ? options.CompareWhileHolding : options.CompareEvery;
        Volatile.Write(ref _routineAt, time.GetTimestamp() + (long)(pause.TotalSeconds * (1 + jitter) * time.TimestampFrequency));
        StoreMetrics.Compared(reader.Name);
    }

    [SuppressMessage("Design", "CA1031", Justification = "One reader's failure, of whatever kind, must not stop the others: it is logged, counted, and followed by a comparison.")]
    private async Task<bool> CallAsync(Func<Task> call, string what, CancellationToken stop)
    {
        try
        {
            await call();
            return true;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            _pending.Fail();
            throw;
        }
        catch (Exception e) when (RedisFaults.IsRedis(e))
        {
            Failed(reader.Name, what, RedisFaults.Describe(e));
        }
        catch (Exception e)
        {
            Broke(e, reader.Name, what);
        }

        _pending.Fail();
        StoreMetrics.Failed(reader.Name);
        return false;
    }

    private async Task BackOffAsync(CancellationToken stop)
    {
        await Task.Delay(_delay, time, stop);
        _delay = _delay * 2 < LongestDelay ? _delay * 2 : LongestDelay;
    }

    [LoggerMessage(1201, LogLevel.Warning, "Reader {Reader} could not {What}: {Fault}; it compares everything again")]
    private partial void Failed(string reader, string what, string fault);

    [LoggerMessage(1202, LogLevel.Error, "Reader {Reader} failed to {What}; it compares everything again")]
    private partial void Broke(Exception e, string reader, string what);
}
