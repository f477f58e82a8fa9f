using System.Net;
using Gateway.Dns.Tsig;
using Gateway.Dns.Wire;
using Gateway.Dns.Zones;

namespace Gateway.Dns.Transfer;

/// <summary>IXFR by UDP: what fits into one datagram, and never a whole zone.</summary>
internal sealed partial class Transfers
{
    private const int OptLength = 11;

    /// <summary>
    /// Writes the one message that answers an IXFR by UDP (RFC 1995 sections 2 and 4): the steps since the client's serial when they
    /// fit, else the newest SOA alone, upon which the client comes by TCP. Returns its length.
    /// </summary>
    /// <param name="message">As long as the answer may be.</param>
    /// <param name="now">Seconds since 1970.</param>
    /// <param name="zone">The zone that answered; null for none.</param>
    public int AnswerDatagram(in Request request, ZoneSet zones, IPAddress client, SignedRequest? signature, Span<byte> message, long now, out Zone? zone, out Rcode rcode)
    {
        var room = message.Length - request.QuestionEnd - (request.Edns.Present ? OptLength : 0) - (signature?.Overhead ?? 0);
        // A question and a signature of such lengths leave no room for an answer.
        (zone, rcode) = (null, Rcode.FormErr);
        if (room < 0) return 0;
        if (!TryZone(request, zones, client, signature, out zone, out var journal, out rcode)) return Error(request, message, signature, rcode, now);
        if (RecordsFor(request, journal, room) is not { } records) return Error(request, message, signature, rcode = Rcode.ServFail, now);
        rcode = Rcode.NoError;
        if (records.Count == 0) return Truncated(request, message, signature, now);
        Interlocked.Increment(ref _incremental);
        using var messages = new TransferMessages(request, records, signature);
        return messages.Next(message, now);
    }

    /// <summary>The steps, or the SOA alone, or nothing when not even that fits; null while the zone has no serial yet.</summary>
    private static List<TransferRecord>? RecordsFor(in Request request, ZoneJournal journal, int room)
    {
        var isKnown = journal.TrySince(TryReadSerial(request, out var serial) ? serial : 0, out var head, out var steps);
        if (head is null) return null;
        // Every record takes a dozen octets, so more changes than that need not even be looked at.
        if (isKnown && steps.Sum(step => step.Changes.Count) <= room / 12 && Fitting(TransferContents.Steps(head, steps), room) is { } all) return all;
        return Fitting([TransferRecord.SoaOf(head)], room) ?? [];
    }

    /// <summary>The records, when all of them fit.</summary>
    private static List<TransferRecord>? Fitting(IEnumerable<TransferRecord> records, int room)
    {
        var fitting = new List<TransferRecord>();
        foreach (var record in records)
        {
            var isSameOwner = fitting.Count > 0 && fitting[^1].Owner.SequenceEqual(record.Owner);
            room -= record.Length + (isSameOwner ? 0 : record.Owner.Length);
            if (room < 0) return null;
            fitting.Add(record);
        }

        return fitting;
    }

    private static int Truncated(in Request request, Span<byte> message, SignedRequest? signature, long now)
    {
        var length = Responder.WriteError(request, message, Rcode.NoError);
        message[2] |= 2;
        return signature?.Sign(message, length, now) ?? length;
    }

    private static int Error(in Request request, Span<byte> message, SignedRequest? signature, Rcode rcode, long now)
    {
        var length = Responder.WriteError(request, message, rcode);
        return signature?.Sign(message, length, now) ?? length;
    }
}
