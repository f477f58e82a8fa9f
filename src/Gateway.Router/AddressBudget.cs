using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Gateway.Router;

/// <summary>How much of something one address may hold at once. The addresses of an IPv6 /64 share, for one host has all of them.</summary>
internal sealed class AddressBudget(long limit)
{
    private const int HostBits = 64 / 8;

    private readonly Dictionary<IPAddress, long> _held = [];
    private readonly Lock _gate = new();

    /// <summary>How many addresses hold anything.</summary>
    public int Addresses
    {
        get
        {
            lock (_gate) return _held.Count;
        }
    }

    /// <summary>Takes an amount, unless that is more than the address may hold.</summary>
    public bool TryTake(EndPoint? who, long amount)
    {
        var holder = HolderOf(who);
        lock (_gate)
        {
            if (amount > limit) return false;
            ref var held = ref CollectionsMarshal.GetValueRefOrAddDefault(_held, holder, out _);
            if (held + amount > limit) return false;
            held += amount;
            return true;
        }
    }

    /// <summary>Gives an amount back.</summary>
    public void Give(EndPoint? who, long amount)
    {
        if (amount == 0) return;
        var holder = HolderOf(who);
        lock (_gate)
        {
            ref var held = ref CollectionsMarshal.GetValueRefOrNullRef(_held, holder);
            if (Unsafe.IsNullRef(ref held)) return;
            held -= amount;
            if (held <= 0) _held.Remove(holder);
        }
    }

    /// <summary>Who holds: the address itself, or the /64 that it belongs to.</summary>
    public static IPAddress HolderOf(EndPoint? who)
    {
        if (who is not IPEndPoint { Address: var address }) return IPAddress.None;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        var prefix = address.GetAddressBytes();
        prefix.AsSpan(prefix.Length - HostBits).Clear();
        return new IPAddress(prefix);
    }
}
