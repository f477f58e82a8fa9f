using System.Diagnostics.CodeAnalysis;
using System.Net;
using Gateway.Dns.Tsig;
using Gateway.Dns.Wire;
using Gateway.Dns.Zones;
using Gateway.Model;
using Gateway.Model.Records;

namespace Gateway.Dns.Transfer;

/// <summary>Opens zone transfers for those who may have them (RFC 5936, RFC 1995), a bounded number at a time.</summary>
/// <param name="policy">Who may.</param>
/// <param name="most">Transfers at once: each holds on to a list of the zone's names while it runs.</param>
internal sealed partial class Transfers(TransferPolicy policy, int most)
{
    private readonly SeenSignatures _seen = new();
    private int _running;
    private long _whole;
    private long _incremental;

    /// <summary>Transfers that run now.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Whole zones given away so far.</summary>
    public long Whole => Volatile.Read(ref _whole);

    /// <summary>Incremental transfers so far, those with nothing new included.</summary>
    public long Incremental => Volatile.Read(ref _incremental);

    /// <summary>The keys that requests may be signed with.</summary>
    public TsigKeys Keys => policy.Keys;

    /// <summary>True for a request that <see cref="TryOpen"/> has to answer when it came by TCP.</summary>
    public static bool Concerns(in Request request) =>
        request is { Opcode: Opcode.Query, NameLength: > 0, Fault: Rcode.NoError } && request.Type is RecordType.Axfr or RecordType.Ixfr;

    /// <summary>Opens a transfer; the caller disposes it when it has sent it, or has given up. On false, the code to answer with.</summary>
    public bool TryOpen(in Request request, ZoneSet zones, IPAddress client, SignedRequest? signature, [NotNullWhen(true)] out Transfer? transfer, out Rcode rcode)
    {
        transfer = null;
        if (!TryZone(request, zones, client, signature, out var zone, out var journal, out rcode)) return false;
        rcode = Rcode.ServFail;
        if (!TryContents(request, zone, journal, out var contents)) return false;
        if (Interlocked.Increment(ref _running) <= most) transfer = new Transfer(new TransferMessages(request, contents, signature), Leave);
        else Leave();
        return transfer is not null;
    }

    /// <summary>True for a client that may have zones.</summary>
    public bool Allows(IPAddress client, SignedRequest? signature) => policy.Allows(client, signature?.Key);

    private bool TryZone(in Request request, ZoneSet zones, IPAddress client, SignedRequest? signature, [NotNullWhen(true)] out Zone? zone, [NotNullWhen(true)] out ZoneJournal? journal, out Rcode rcode)
    {
        (zone, journal, rcode) = (null, null, Rcode.Refused);
        if (!Allows(client, signature)) return false;
        rcode = Rcode.NotAuth;
        if (signature is not null && _seen.IsReplay(signature.Mac, client))
        {
            signature.Distrust();
            return false;
        }

        // RFC 5936 section 2.2.1: not authoritative for exactly this name.
        if (request.Class != 1 || !DomainName.TryFromWire(request.Name, out var name) || (zone = zones[name]) is null) return false;
        rcode = Rcode.ServFail;
        return (journal = zone.Journal) is not null;
    }

    private void Leave() => Interlocked.Decrement(ref _running);

    private bool TryContents(in Request request, Zone zone, ZoneJournal journal, out IEnumerable<TransferRecord> contents)
    {
        contents = [];
        if (request.Type == RecordType.Ixfr && TryReadSerial(request, out var serial) && journal.TrySince(serial, out var head, out var steps))
        {
            contents = TransferContents.Steps(head, steps);
            Interlocked.Increment(ref _incremental);
            return true;
        }

        if (!journal.TryView(zone, out var view)) return false;
        contents = TransferContents.Whole(view);
        Interlocked.Increment(ref _whole);
        return true;
    }

    /// <summary>The serial that the secondary has: that of the SOA in the authority section (RFC 1995 section 3).</summary>
    private static bool TryReadSerial(in Request request, out uint serial)
    {
        serial = 0;
        if (Octets.Read16(request.Message, 8) != 1) return false;
        var reader = new MessageReader(request.Message, request.QuestionEnd);
        reader.SkipName();
        var type = (RecordType)reader.Read16();
        reader.ReadOctets(8);
        reader.SkipName();
        reader.SkipName();
        serial = reader.Read32();
        return reader.Ok && type == RecordType.Soa;
    }
}

/// <summary>A transfer that was opened.</summary>
internal sealed class Transfer(TransferMessages messages, Action leave) : IDisposable
{
    private int _isOver;

    /// <summary>Writes the next message; see <see cref="TransferMessages.Next"/>.</summary>
    public int Next(Span<byte> message, long now) => messages.Next(message, now);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isOver, 1) != 0) return;
        messages.Dispose();
        leave();
    }
}
