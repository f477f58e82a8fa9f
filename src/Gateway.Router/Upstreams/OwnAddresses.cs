using System.Collections.Frozen;
using System.Net;
using System.Net.NetworkInformation;

namespace Gateway.Router.Upstreams;

/// <summary>The addresses of this machine, looked up again now and then because interfaces come and go.</summary>
/// <param name="time">The clock.</param>
/// <param name="more">Addresses that lead here although no interface has them, as behind a translating router.</param>
internal sealed class OwnAddresses(TimeProvider time, IReadOnlyList<IPAddress>? more = null)
{
    /// <summary>Reading them takes about a millisecond; an address that appeared a minute ago is no attack yet.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromMinutes(1);

    private Known _known = new([], long.MinValue);

    /// <summary>True when a packet to this address would come back to this machine.</summary>
    public bool Contains(IPAddress address)
    {
        var real = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return IPAddress.IsLoopback(real) || Current().Contains(real);
    }

    private FrozenSet<IPAddress> Current()
    {
        var known = Volatile.Read(ref _known);
        if (known.At != long.MinValue && time.GetElapsedTime(known.At) < Freshness) return known.Addresses;
        var fresh = new Known(Read(), time.GetTimestamp());
        Volatile.Write(ref _known, fresh);
        return fresh.Addresses;
    }

    private FrozenSet<IPAddress> Read() => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(card => card.GetIPProperties().UnicastAddresses)
        .Select(entry => entry.Address)
        .Concat(more ?? [])
        .ToFrozenSet();

    private sealed record Known(FrozenSet<IPAddress> Addresses, long At);
}
