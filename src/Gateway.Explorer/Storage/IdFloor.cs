using System.Globalization;
using System.Text;
using Gateway.Model;
using Microsoft.Extensions.Logging;

namespace Gateway.Explorer.Storage;

/// <summary>
/// The highest ids that were ever given out, kept in a file beside Redis: an id that came back after Redis lost its counters would
/// be somebody else's, and could displace what an older reservation holds. Any number of callers.
/// </summary>
internal sealed partial class IdFloor
{
    private const int Digits = 20;

    /// <summary>Counters whose objects are reservations and their owners: they are not begun anew without the operator's word. Gateways register by themselves.</summary>
    private static readonly string[] Guarded = [RedisSchema.ExplorerUserCounterKey, RedisSchema.ExplorerPoolCounterKey, RedisSchema.ExplorerWorkloadCounterKey];

    private static readonly string[] Counters = [.. Guarded, RedisSchema.ExplorerGatewayCounterKey];

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

    /// <summary>Whether a counter that is behind its floor may go on beyond it.</summary>
    public bool MayGoOn(string counter)
    {
        lock (_lock) return !Guarded.Contains(counter, StringComparer.Ordinal) || _accepted.Contains(counter);
    }

    /// <summary>A number was given out.</summary>
    public void Give(string counter, long number)
    {
        lock (_lock)
        {
            _accepted.Remove(counter);
            if (number <= _floors.GetValueOrDefault(counter)) return;
            _floors[counter] = number;
            Write();
        }
    }

    /// <summary>Redis counts lower than was counted before.</summary>
    public void Lost(string counter)
    {
        lock (_lock)
        {
            if (_loss is not null) return;
            _loss = $"Redis has lost users or reservations that this explorer stored (numbers up to {_floors[counter]} were given out): nothing new is taken until the operator decides. Restore a backup of Redis, or accept the loss with 'gatewayd accept-loss'";
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

    // Fixed in length and written in one piece, without a wait for the disk: as lasting as what Redis itself appends.
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

    [LoggerMessage(6024, LogLevel.Error, "Redis lost what this explorer stored: {Counter} is behind {Floor}, which was given out. Nothing new is taken until the operator decides: restore a backup of Redis, or run 'gatewayd accept-loss'")]
    private static partial void FoundLoss(ILogger log, string counter, long floor);

    [LoggerMessage(6025, LogLevel.Warning, "The highest numbers given out could not be kept in {Path}: {Fault}")]
    private static partial void NotKept(ILogger log, string path, string fault);
}
