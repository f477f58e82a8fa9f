using Gateway.ExplorerApi;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;

namespace Gateway.Reconciler.Exploring;

/// <summary>The users' public keys, asked of the explorer once: there they cannot be changed.</summary>
internal sealed class UserKeys(ExplorerClient explorer, TimeProvider time)
{
    /// <summary>About 2 MB; a user beyond it costs one request again.</summary>
    private const int Bound = 10_000;

    /// <summary>While the explorer is silent one question in this time is enough.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    private readonly Dictionary<long, PublicKey> _keys = [];
    private readonly Queue<long> _order = [];
    private readonly Lock _lock = new();
    private DateTimeOffset _silentUntil;
    private string _silence = "";

    /// <summary>The key of a user, or why there is none.</summary>
    public async Task<UserKey> FindAsync(long user, CancellationToken stop)
    {
        lock (_lock)
        {
            if (_keys.TryGetValue(user, out var known)) return new UserKey.Known(known);
            if (time.GetUtcNow() < _silentUntil) return new UserKey.Unavailable(_silence);
        }

        var outcome = await explorer.GetUserAsync(user, stop);
        return outcome.Match<UserKey>(
            found => Take(user, found),
            refused => refused.Status is not 404 ? new UserKey.Unavailable(refused.ToString()) : new UserKey.Missing($"the explorer knows no user {user}"),
            unreachable => Silent(unreachable.ToString()));
    }

    private UserKey.Unavailable Silent(string reason)
    {
        lock (_lock) (_silentUntil, _silence) = (time.GetUtcNow() + Silence, reason);
        return new UserKey.Unavailable(reason);
    }

    private UserKey Take(long user, User found)
    {
        if (!PublicKey.TryFromHex(found.Pubkey, out var key)) return new UserKey.Missing($"the explorer holds no usable public key of user {user}");
        lock (_lock)
        {
            if (_keys.TryAdd(user, key)) _order.Enqueue(user);
            if (_order.Count > Bound) _keys.Remove(_order.Dequeue());
        }

        return new UserKey.Known(key);
    }
}

/// <summary>The answer to a question for a user's key.</summary>
internal abstract record UserKey
{
    private UserKey()
    {
    }

    public sealed record Known(PublicKey Key) : UserKey;

    /// <summary>There is none, and there will be none.</summary>
    public sealed record Missing(string Reason) : UserKey;

    /// <summary>The explorer cannot say at present.</summary>
    public sealed record Unavailable(string Reason) : UserKey;
}
