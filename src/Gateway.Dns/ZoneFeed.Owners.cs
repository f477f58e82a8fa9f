using Gateway.Model;
using Gateway.Store;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Gateway.Dns;

/// <summary>Which zones have an owner, also when nobody can say.</summary>
public sealed partial class ZoneFeed
{
    private volatile bool _isMistyped;

    /// <summary>Zones that have an owner, as Redis spells them; those that are served, when the key is no hash.</summary>
    private async Task<List<string>> ReadOwnersAsync(CancellationToken stop)
    {
        try
        {
            var fields = await ReadFieldsAsync(RedisSchema.ZoneOwnersKey, stop);
            _isMistyped = false;
            return fields;
        }
        catch (RedisServerException e) when (RedisFaults.IsMistyped(e))
        {
            TellMistyped();
            return [.. Zones.Zones.Select(zone => RedisSchema.OwnedField(zone.Name))];
        }
    }

    // Once for each time that it happens, not once for each zone.
    private void TellMistyped()
    {
        if (_isMistyped) return;
        _isMistyped = true;
        Metrics.CountFaults(1);
        OwnersMistyped(_log, RedisSchema.ZoneOwnersKey);
    }

    [LoggerMessage(2106, LogLevel.Error, "The key {Key} in Redis is no hash, so nobody can say which zones there are: those that are served stay. Delete it; a reconciler writes it again")]
    private static partial void OwnersMistyped(ILogger log, string key);
}
