using System.Security.Cryptography;
using Gateway.Dns.Wire;

namespace Gateway.Dns.Tsig;

/// <summary>The signature of a request of our own, and the check of its answer (RFC 8945 sections 5.1 and 5.4). One request, one object.</summary>
internal sealed class OutgoingSignature(TsigKey key)
{
    // RFC 8945 section 10: the recommended fudge.
    private const ushort Fudge = 300;

    private readonly byte[] _mac = new byte[key.Algorithm.MacLength];

    /// <summary>Appends a TSIG record to the request. Returns the new length.</summary>
    public int Sign(Span<byte> message, int length, long now)
    {
        var fields = new TsigFields(now, Fudge);
        TsigMac.Compute(key, [], message[..length], fields, timersOnly: false, _mac);
        var writer = new TsigWriter(message, length);
        writer.Write(key.Name, key.Algorithm.Name, fields, _mac, Octets.Read16(message, 0));
        return writer.Position;
    }

    /// <summary>True for an answer that was signed with the same key on top of this request, in time and without an error.</summary>
    public bool Accepts(ReadOnlySpan<byte> answer, long now)
    {
        if (TsigRecord.Read(answer, out var record) != TsigPresence.Found) return false;
        if (record.Key != key.Name || record.Algorithm != key.Algorithm.Name || record.Error != 0) return false;
        Span<byte> mac = stackalloc byte[key.Algorithm.MacLength];
        TsigMac.Compute(key, _mac, answer, record, mac);
        return CryptographicOperations.FixedTimeEquals(mac, record.Mac) && Math.Abs(now - record.Time) <= record.Fudge;
    }
}
