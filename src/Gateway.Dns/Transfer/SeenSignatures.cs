using System.Net;
using System.Runtime.InteropServices;

namespace Gateway.Dns.Transfer;

/// <summary>
/// The signatures under which transfers were asked for lately, and from where: who overheard a signed request cannot use it from
/// elsewhere while its time is still good. RFC 8945 section 5.2.3 would refuse every signature that is older than the last one of
/// its key; secondaries that share a key, and whose clocks differ, would then refuse each other.
/// </summary>
internal sealed class SeenSignatures
{
    /// <summary>Signatures that are remembered: only those who have a key can add any.</summary>
    public const int Most = 4_096;

    private readonly Lock _lock = new();
    private readonly Dictionary<UInt128, IPAddress> _clients = [];
    private readonly Queue<UInt128> _order = new();

    /// <summary>True when this signature came before, and from another client; the same one may repeat a datagram that was lost.</summary>
    /// <param name="mac">A good MAC, not cut: 32 octets or more.</param>
    /// <param name="client">From where it came.</param>
    public bool IsReplay(ReadOnlySpan<byte> mac, IPAddress client)
    {
        var seen = MemoryMarshal.Read<UInt128>(mac);
        lock (_lock)
        {
            if (_clients.TryGetValue(seen, out var first)) return !first.Equals(client);
            if (_order.Count == Most) _clients.Remove(_order.Dequeue());
            _order.Enqueue(seen);
            _clients.Add(seen, client);
            return false;
        }
    }
}
