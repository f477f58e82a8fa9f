using Gateway.Store;
using StackExchange.Redis;

namespace Gateway.IntegrationTests.Support;

/// <summary>Random changes of a few keys: small enough a world that fields vanish, keys empty out and come back.</summary>
public static class RandomWrites
{
    // The client library never answers what was asked of a connection that broke.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static LedgerWrite Next(Random random, string prefix)
    {
        // Hashes and strings apart, so that no write is a conflict.
        var (hash, text, field) = ($"{prefix}h{random.Next(8)}", $"{prefix}s{random.Next(8)}", $"f{random.Next(5)}");
        return random.Next(10) switch
        {
            < 4 => new LedgerWrite.SetField(hash, field, $"{random.Next(20)}"),
            < 7 => new LedgerWrite.DeleteField(hash, field),
            7 => new LedgerWrite.SetString(text, $"{random.Next()}"),
            8 => new LedgerWrite.DeleteKey(hash),
            _ => new LedgerWrite.DeleteKey(text),
        };
    }

    /// <summary>The same kind of change as any other program makes it.</summary>
    /// <exception cref="TimeoutException">No answer within some seconds, as when the connection broke under it.</exception>
    public static Task ForeignAsync(IDatabase database, Random random, string prefix) => SendAsync(database, Next(random, prefix)).WaitAsync(Patience);

    private static Task<bool> SendAsync(IDatabase database, LedgerWrite write) => write switch
    {
        LedgerWrite.SetField set => database.HashSetAsync(set.Key, set.Field, set.Value),
        LedgerWrite.DeleteField delete => database.HashDeleteAsync(delete.Key, delete.Field),
        LedgerWrite.SetString set => database.StringSetAsync(set.Key, set.Value),
        LedgerWrite.DeleteKey delete => database.KeyDeleteAsync(delete.Key),
        var other => throw new InvalidOperationException($"{other}"),
    };
}
