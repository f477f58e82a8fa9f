using System.Security.Cryptography;
using Gateway.Dns.Wire;

namespace Gateway.Dns.Tsig;

/// <summary>The fields of a TSIG record that a MAC covers and that change from message to message.</summary>
/// <param name="Time">Seconds since 1970, 48 bits.</param>
/// <param name="Fudge">Seconds by which clocks may differ.</param>
/// <param name="Error">An extended RCODE.</param>
/// <param name="ServerTime">Seconds since 1970 in the other data; negative for none.</param>
internal readonly record struct TsigFields(long Time, ushort Fudge, ushort Error = 0, long ServerTime = -1)
{
    /// <summary>Octets of the other data.</summary>
    public int OtherLength => ServerTime < 0 ? 0 : 6;
}

/// <summary>What a MAC covers (RFC 8945 sections 4.3 and 5.3.1).</summary>
internal static class TsigMac
{
    private const int LongestName = 255;

    /// <summary>Computes the MAC of a message.</summary>
    /// <param name="key">With what.</param>
    /// <param name="prior">The MAC of the request, or of the message before; empty for a request.</param>
    /// <param name="message">The message without its TSIG record; its ID and the count of additional records are as they were then.</param>
    /// <param name="fields">The record's own fields.</param>
    /// <param name="timersOnly">For all messages of a transfer but the first (section 5.3.1).</param>
    /// <param name="to">Takes the MAC, <see cref="TsigAlgorithm.MacLength"/> octets.</param>
    public static void Compute(TsigKey key, ReadOnlySpan<byte> prior, ReadOnlySpan<byte> message, in TsigFields fields, bool timersOnly, Span<byte> to)
    {
        using var hmac = IncrementalHash.CreateHMAC(key.Algorithm.Hash, key.Octets);
        AppendPrior(hmac, prior);
        hmac.AppendData(message);
        AppendFields(hmac, key, fields, timersOnly);
        hmac.GetHashAndReset(to);
    }

    /// <summary>Computes the MAC of a message as it came, with the record <paramref name="tsig"/> at its end.</summary>
    public static void Compute(TsigKey key, ReadOnlySpan<byte> prior, ReadOnlySpan<byte> message, in TsigRecord tsig, Span<byte> to)
    {
        using var hmac = IncrementalHash.CreateHMAC(key.Algorithm.Hash, key.Octets);
        AppendPrior(hmac, prior);
        Span<byte> header = stackalloc byte[Request.HeaderLength];
        message[..Request.HeaderLength].CopyTo(header);
        Octets.Write16(header, 0, tsig.OriginalId);
        Octets.Write16(header, 10, Octets.Read16(header, 10) - 1);
        hmac.AppendData(header);
        hmac.AppendData(message[Request.HeaderLength..tsig.Start]);
        var serverTime = tsig.Other.Length == 6 ? TsigRecord.ReadTime(tsig.Other) : -1;
        AppendFields(hmac, key, new TsigFields(tsig.Time, tsig.Fudge, tsig.Error, serverTime), timersOnly: false);
        hmac.GetHashAndReset(to);
    }

    private static void AppendPrior(IncrementalHash hmac, ReadOnlySpan<byte> prior)
    {
        if (prior.IsEmpty) return;
        Span<byte> length = stackalloc byte[2];
        Octets.Write16(length, 0, prior.Length);
        hmac.AppendData(length);
        hmac.AppendData(prior);
    }

    private static void AppendFields(IncrementalHash hmac, TsigKey key, in TsigFields fields, bool timersOnly)
    {
        Span<byte> to = stackalloc byte[(2 * LongestName) + 24];
        var at = 0;
        if (!timersOnly)
        {
            at = Copy(key.Name.Wire, to, at);
            // Class ANY, TTL 0.
            at = Copy([0, 255, 0, 0, 0, 0], to, at);
            at = Copy(key.Algorithm.Name.Wire, to, at);
        }

        TsigRecord.WriteTime(to[at..], fields.Time);
        Octets.Write16(to, at + 6, fields.Fudge);
        at += 8;
        if (!timersOnly)
        {
            Octets.Write16(to, at, fields.Error);
            Octets.Write16(to, at + 2, fields.OtherLength);
            if (fields.OtherLength > 0) TsigRecord.WriteTime(to[(at + 4)..], fields.ServerTime);
            at += 4 + fields.OtherLength;
        }

        hmac.AppendData(to[..at]);
    }

    private static int Copy(ReadOnlySpan<byte> from, Span<byte> to, int at)
    {
        from.CopyTo(to[at..]);
        return at + from.Length;
    }
}
