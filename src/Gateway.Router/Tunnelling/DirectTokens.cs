using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Gateway.Router.Tunnelling;

/// <summary>The tokens that clients may redeem with a direct connection, each once, and whose they are.</summary>
internal sealed class DirectTokens(int most)
{
    private readonly ConcurrentDictionary<UInt128, DirectPool> _tokens = new();

    // The dictionary's own count takes all of its locks.
    private int _out;

    /// <summary>Fills it with new tokens: how many. Fewer than asked for when so many are out that no more are given.</summary>
    public int Issue(DirectPool pool, Span<UInt128> issued)
    {
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(issued));
        var given = 0;
        foreach (var token in issued)
        {
            if (Volatile.Read(ref _out) >= most || !_tokens.TryAdd(token, pool)) break;
            Interlocked.Increment(ref _out);
            given++;
        }

        return given;
    }

    /// <summary>Whose token it is; from now on it is nobody's. Null: it is none, or was used before.</summary>
    public DirectPool? Redeem(UInt128 token)
    {
        if (!_tokens.TryRemove(token, out var pool)) return null;
        Interlocked.Decrement(ref _out);
        return pool;
    }
}
