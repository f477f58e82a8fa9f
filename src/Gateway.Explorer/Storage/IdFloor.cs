using System.Globalization;
using System.Text;
using Gateway.Model;
using Microsoft.Extensions.Logging;

namespace Gateway.Explorer.Storage;

/// <summary>
/// The highest ids that were ever given out, and how often the explorer wrote, kept in a file beside Redis: an id that came back after
/// Redis lost its counters would be somebody else's, and could displace what an older reservation holds; and a Redis in which fewer
/// writes are counted does not know what the last ones said. Any number of callers.
/// </summary>
internal sealed partial class IdFloor
{
    private const int Digits = 20;

    /// <summary>Counters whose objects are reservations and their owners: they are not begun anew without the operator's word. Gateways register by themselves.</summary>
    private static readonly string[] Guarded = [RedisSchema.ExplorerUserCounterKey, RedisSchema.ExplorerPoolCounterKey, RedisSchema.ExplorerWorkloadCounterKey, RedisSchema.ExplorerVersionKey];

    private static readonly string[] Counters = [.. Guarded.Take(3), RedisSchema.ExplorerGatewayCounterKey, RedisSchema.ExplorerVersionKey];

    private readonly string? _path;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _floors = Counters.ToDictionary(it => it, _ => 0L);
    private readonly HashSet<string> _accepted = [];
    private volatile string? _loss;

    /// <summary>Reads the file, if there is one.</summary>
    /// <param name="path">Null: floors live as long as the process.</param>
    /// <param name="log">Takes what the operator has to know.</param>
    public IdFloor(string? path, ILogger log)
    {
        (_path, _log) = (path, log);
        if (path is null || !File.Exists(path)) return;
        foreach (var line in File.ReadAllLines(path))
            if (line.Split(' ') is [var key, var number] && _floors.ContainsKey(key) && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var floor)) _floors[key] = floor;
    }

    /// <summary>What Redis lost of what was given out, in one line for the operator; null while nothing is missing, or when he accepted it.</summary>
    public string? Loss => _loss;

    /// <summary>The highest number of a counter that was ever given out, as far as this node knows.</summary>
    public long Of(string counter)
    {
        lock (_lock) return _floors.GetValueOrDefault(counter);
    }

    /// <summary>What a counter must have reached, and whether one that is behind may go on beyond it.</summary>
    public Floor FloorOf(string counter)
    {
        lock (_lock) return new Floor(_floors.GetValueOrDefault(counter), !Guarded.Contains(counter, StringComparer.Ordinal) || _accepted.Contains(counter));
    }

    /// <summary>Numbers were given out.</summary>
    public void Give(params ReadOnlySpan<(string Counter, long Number)> given)
    {
        lock (_lock)
        {
            var isHigher = false;
            foreach (var (counter, number) in given)
            {
                _accepted.Remove(counter);
                if (number <= _floors.GetValueOrDefault(counter)) continue;
                _floors[counter] = number;
                isHigher = true;
            }

            if (isHigher) Write();
        }
    }

    /// <summary>Redis counts lower than was counted before.</summary>
    public void Lost(string counter)
    {
        lock (_lock)
        {
            if (_loss is not null) return;
            _loss = $"Redis has lost users or reservations that this explorer stored (users up to {_floors[RedisSchema.ExplorerUserCounterKey]} and reservations up to {_floors[RedisSchema.ExplorerWorkloadCounterKey]} were given out): nothing is answered, so that nobody takes them for gone. Restore a backup with 'gateway node restore FILE', or accept the loss with 'gatewayd accept-loss'";
            ExplorerMetrics.StoreLost();
            FoundLoss(_log, counter, _floors[counter]);
        }
    }

    /// <summary>The operator's word: it goes on, with numbers that nobody had. False when nothing is missing.</summary>
    public bool Accept()
    {
        lock (_lock)
        {
            if (_loss is null) return false;
            _accepted.UnionWith(Guarded);
            _loss = null;
            return true;
        }
    }

    /// <summary>The operator has put a backup back: numbers go on beyond all that were given out, whether or not anybody noticed what was missing.</summary>
    public void Restored()
    {
        lock (_lock)
        {
            _accepted.UnionWith(Guarded);
            _loss = null;
        }
    }

    /// <summary>Nothing is missing any more: a backup was restored.</summary>
    public void Found() => _loss = null;

    // Fixed in length and written in one piece, without a wait for the disk: as lasting as what Redis itself appends. What comes last is new: an
    // older program leaves it alone.
    private void Write()
    {
        if (_path is null) return;
        var text = new StringBuilder();
        foreach (var counter in Counters) text.Append(counter).Append(' ').Append(_floors[counter].ToString("D" + Digits, CultureInfo.InvariantCulture)).Append('\n');
        try
        {
            using var file = File.OpenHandle(_path, FileMode.OpenOrCreate, FileAccess.Write);
            RandomAccess.Write(file, Encoding.ASCII.GetBytes(text.ToString()), 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotKept(_log, _path, e.Message);
        }
    }

    [LoggerMessage(6024, LogLevel.Error, "Redis lost what this explorer stored: {Counter} is behind {Floor}, which was given out. Nothing is answered until it is back: from the copy beside Redis if there is one, else by 'gateway node restore FILE' with a backup, or 'gatewayd accept-loss'")]
    private static partial void FoundLoss(ILogger log, string counter, long floor);

    [LoggerMessage(6025, LogLevel.Warning, "The highest numbers given out could not be kept in {Path}: {Fault}")]
    private static partial void NotKept(ILogger log, string path, string fault);
}
