using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Gateway.Router.Tunnelling;

/// <summary>The tokens that clients may redeem with a direct connection, each once, and whose they are.</summary>
internal sealed class DirectTokens(int most)
{
    private readonly ConcurrentDictionary<UInt128, DirectPool> _tokens = new();

    /// <summary>A new token; null: so many are out that no more are given.</summary>
    public UInt128? Issue(DirectPool pool)
    {
        if (_tokens.Count >= most) return null;
        var token = default(UInt128);
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(new Span<UInt128>(ref token)));
        return _tokens.TryAdd(token, pool) ? token : null;
    }

    /// <summary>Whose token it is; from now on it is nobody's. Null: it is none, or was used before.</summary>
    public DirectPool? Redeem(UInt128 token) => _tokens.TryRemove(token, out var pool) ? pool : null;
}
