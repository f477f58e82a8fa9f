using System.Threading.Channels;
using Gateway.Dns.Zones;
using Gateway.Model;
using Gateway.Store;
using Microsoft.Extensions.Logging;

namespace Gateway.Dns;

/// <summary>
/// Large zones that are served already are read again beside the changes, page by page: between two pages changes take their
/// turn, so that a zone of a million names delays none of them.
/// </summary>
public sealed partial class ZoneFeed
{
    /// <summary>Names: reading fewer takes some tens of milliseconds, and is done at once.</summary>
    private const int LargeZone = 5_000;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _turn = new(1);

    private readonly Lock _laterLock = new();
    private readonly HashSet<DomainName> _later = [];
    private readonly Channel<bool> _laterBell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Waits until nobody else changes zones. The turn ends when the result is disposed.</summary>
    private async Task<Turn> TakeTurnAsync(CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        return new Turn(_turn);
    }

    private bool TryLeaveForLater(Zone zone)
    {
        if (zone.Names.Count < LargeZone) return false;
        lock (_laterLock) _later.Add(zone.Name);
        _laterBell.Writer.TryWrite(true);
        return true;
    }

    private async Task ReadLargeZonesAsync(CancellationToken stop)
    {
        try
        {
            while (await _laterBell.Reader.WaitToReadAsync(stop))
            {
                _laterBell.Reader.TryRead(out _);
                while (TryTakeLater(out var zone)) await ReadLargeZoneAsync(zone, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The next start compares everything.
        }
    }

    private bool TryTakeLater(out DomainName zone)
    {
        lock (_laterLock)
        {
            zone = _later.FirstOrDefault();
            return _later.Remove(zone);
        }
    }

    private async Task ReadLargeZoneAsync(DomainName name, CancellationToken stop)
    {
        try
        {
            if (Zones[name] is not { } zone || await ReadBesideChangesAsync(zone, stop)) return;
        }
        catch (Exception e) when (RedisFaults.IsRedis(e))
        {
            ReadAgain(_log, name, RedisFaults.Describe(e));
            await Task.Delay(RetryAfter, _time, stop);
        }

        lock (_laterLock) _later.Add(name);
        _laterBell.Writer.TryWrite(true);
    }

    /// <returns>False when somebody else read or cleared the zone meanwhile, so that what was seen says nothing about what is gone.</returns>
    private async Task<bool> ReadBesideChangesAsync(Zone zone, CancellationToken stop)
    {
        var odd = new List<(DomainName Name, string Field, byte[] Value)>();
        byte generation;
        using (await TakeTurnAsync(stop))
        {
            zone.BeginComparison();
            generation = zone.Generation;
        }

        var cursor = "0";
        do
        {
            using (await TakeTurnAsync(stop))
            {
                // Gone: whoever hears of that takes the names away.
                if (Zones[zone.Name] != zone || await KeyOfAsync(zone.Name, stop) is not { } key) return true;
                if (zone.Generation != generation) return false;
                var page = await ReadPageAsync(key, cursor, stop);
                PutPage(zone, page, odd);
                cursor = page.Cursor;
            }
        }
        while (cursor != "0");

        using (await TakeTurnAsync(stop))
        {
            if (zone.Generation != generation) return false;
            foreach (var (name, field, value) in odd) PutOdd(zone, name, field, value);
            var look = new ZoneLook();
            look.Touch(zone.Name);
            look.Miss(zone, zone.Unseen());
            await FinishAsync(look, GuardedLook.WholePart(zone.Name.ToString()), stop);
        }

        return true;
    }

    [LoggerMessage(2105, LogLevel.Warning, "Zone {Zone} could not be read whole ({Fault}); it is tried again, and served as it is")]
    private static partial void ReadAgain(ILogger log, DomainName zone, string fault);

    private readonly struct Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
