using System.Net;
using System.Net.NetworkInformation;
using Gateway.Model.Routes;

namespace Gateway.Transport;

/// <summary>
/// The addresses of this machine, looked up again now and then because interfaces come and go. Only the very first question waits
/// for that: later ones are asked on the pollers' threads, and are answered from what is known while it is looked up.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="more">Addresses that lead here although no interface has them, as behind a translating router.</param>
public sealed class MachineAddresses(TimeProvider time, IReadOnlyList<IPAddress>? more = null)
{
    /// <summary>Reading them takes about a millisecond; an address that appeared a minute ago is no attack yet.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromMinutes(1);

    private Known? _known;
    private int _reading;

    /// <summary>Those of the interfaces, read now.</summary>
    /// <exception cref="NetworkInformationException">The system does not tell.</exception>
    public static IEnumerable<IPAddress> OfInterfaces() =>
        NetworkInterface.GetAllNetworkInterfaces().SelectMany(card => card.GetIPProperties().UnicastAddresses).Select(entry => entry.Address);

    /// <summary>As they were read within the last minute, or at the question before this one.</summary>
    /// <exception cref="NetworkInformationException">At the first question only: the system does not tell.</exception>
    public OwnAddresses Current
    {
        get
        {
            var known = Volatile.Read(ref _known) ?? Read();
            if (time.GetElapsedTime(known.At) >= Freshness && Interlocked.Exchange(ref _reading, 1) == 0)
                ThreadPool.UnsafeQueueUserWorkItem(static machine => machine.ReadAgain(), this, preferLocal: false);
            return known.Addresses;
        }
    }

    /// <summary>Why they cannot be read, in the system's words; null when they can.</summary>
    public string? Fault
    {
        get
        {
            try
            {
                _ = Current;
                return null;
            }
            catch (NetworkInformationException e)
            {
                return e.Message;
            }
        }
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
        var known = new Known(new OwnAddresses(OfInterfaces().Concat(more ?? [])), time.GetTimestamp());
        Volatile.Write(ref _known, known);
        return known;
    }

    private sealed record Known(OwnAddresses Addresses, long At);
}
