using System.Collections.Frozen;
using System.Net;
using System.Net.NetworkInformation;

namespace Gateway.Router.Upstreams;

/// <summary>
/// The addresses of this machine, looked up again now and then because interfaces come and go. Only the very first question waits
/// for that: later ones are asked on the pollers' threads, and are answered from what is known while it is looked up.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="more">Addresses that lead here although no interface has them, as behind a translating router.</param>
internal sealed class OwnAddresses(TimeProvider time, IReadOnlyList<IPAddress>? more = null)
{
    /// <summary>Reading them takes about a millisecond; an address that appeared a minute ago is no attack yet.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromMinutes(1);

    private Known? _known;
    private int _reading;

    /// <summary>True when a packet to this address would come back to this machine.</summary>
    public bool Contains(IPAddress address)
    {
        var real = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return IPAddress.IsLoopback(real) || Current().Contains(real);
    }

    private FrozenSet<IPAddress> Current()
    {
        var known = Volatile.Read(ref _known) ?? Read();
        if (time.GetElapsedTime(known.At) >= Freshness && Interlocked.Exchange(ref _reading, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(static own => own.ReadAgain(), this, preferLocal: false);
        return known.Addresses;
    }

    private void ReadAgain()
    {
        try
        {
            Read();
        }
        catch (NetworkInformationException)
        {
            // What was known stays, and is asked for again at the next question.
        }
        finally
        {
            Volatile.Write(ref _reading, 0);
        }
    }

    private Known Read()
    {
        var addresses = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(card => card.GetIPProperties().UnicastAddresses)
            .Select(entry => entry.Address)
            .Concat(more ?? [])
            .ToFrozenSet();
        var known = new Known(addresses, time.GetTimestamp());
        Volatile.Write(ref _known, known);
        return known;
    }

    private sealed record Known(FrozenSet<IPAddress> Addresses, long At);
}
