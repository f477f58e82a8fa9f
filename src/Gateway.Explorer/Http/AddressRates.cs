using System.Net;
using System.Net.Sockets;

namespace Gateway.Explorer.Http;

/// <summary>
/// A token bucket for each address (IPv6: each /64, which one host owns whole). Bounded: when too many addresses come, full buckets are
/// forgotten first, and a forgotten address starts with a full one.
/// </summary>
internal sealed class AddressRates(int perSecond, IReadOnlyList<IPNetwork> exempt)
{
    private const int Burst = 4;

    /* 64 Ki addresses are a few MiB; more at once are an attack on this table. */
    private const int MaxAddresses = 65_536;

    private readonly Dictionary<UInt128, Bucket> _buckets = [];
    private readonly Lock _lock = new();

    /// <summary>Takes one token at <paramref name="now"/> (milliseconds of a clock that never goes back); false when there is none.</summary>
    public bool Admit(IPAddress? address, long now)
    {
        if (perSecond == 0 || address is null) return true;
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (exempt.Any(network => network.Contains(address))) return true;
        lock (_lock)
        {
            var key = KeyOf(address);
            if (!_buckets.TryGetValue(key, out var bucket))
            {
                if (_buckets.Count >= MaxAddresses) Forget(now);
                bucket = new Bucket(perSecond * Burst, now);
            }

            var tokens = Refill(bucket, now);
            _buckets[key] = new Bucket(tokens < 1 ? tokens : tokens - 1, now);
            return tokens >= 1;
        }
    }

    private double Refill(Bucket bucket, long now) => Math.Min(perSecond * Burst, bucket.Tokens + ((now - bucket.At) * perSecond / 1000.0));

    private void Forget(long now)
    {
        foreach (var (key, bucket) in _buckets)
        {
            if (Refill(bucket, now) >= perSecond * Burst) _buckets.Remove(key);
        }

        if (_buckets.Count >= MaxAddresses) _buckets.Clear();
    }

    private static UInt128 KeyOf(IPAddress address)
    {
        Span<byte> octets = stackalloc byte[16];
        address.TryWriteBytes(octets, out var length);
        var isV6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        UInt128 key = isV6 ? 1u : 0u;
        foreach (var octet in octets[..(isV6 ? 8 : length)]) key = (key << 8) | octet;
        return key;
    }

    private readonly record struct Bucket(double Tokens, long At);
}
