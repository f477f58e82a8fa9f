using System.Collections.Concurrent;
using System.Net;
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

    /// <summary>
    /// Whose token it is; from now on it is nobody's. Null: it is none, was used before, or was given to another address than
    /// <paramref name="from"/>, who may still use it: whoever has stolen it takes nothing away.
    /// </summary>
    /// <param name="token">The token.</param>
    /// <param name="from">Who shows it.</param>
    /// <param name="isStolen">True when it is another address's.</param>
    public DirectPool? Redeem(UInt128 token, EndPoint? from, out bool isStolen)
    {
        isStolen = _tokens.TryGetValue(token, out var pool) && !pool.IsFrom(from);
        return pool is not null && !isStolen && Withdraw(token) ? pool : null;
    }

    /// <summary>The token is nobody's any more. False: it was not anybody's.</summary>
    public bool Withdraw(UInt128 token)
    {
        if (!_tokens.TryRemove(token, out _)) return false;
        Interlocked.Decrement(ref _out);
        return true;
    }
}
