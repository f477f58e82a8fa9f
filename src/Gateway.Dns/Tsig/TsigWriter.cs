using Gateway.Dns.Wire;
using Gateway.Model;
using Gateway.Model.Records;

namespace Gateway.Dns.Tsig;

/// <summary>Appends a TSIG record to a message and counts it in the header.</summary>
internal ref struct TsigWriter(Span<byte> message, int position)
{
    private readonly Span<byte> _message = message;

    /// <summary>Where the message ends.</summary>
    public int Position { get; private set; } = position;

    /// <summary>Writes the record; names are not compressed (RFC 8945 section 4.2).</summary>
    public void Write(DomainName key, DomainName algorithm, in TsigFields fields, ReadOnlySpan<byte> mac, ushort originalId)
    {
        Octets.Write16(_message, 10, Octets.Read16(_message, 10) + 1);
        Append(key.Wire);
        Append16((int)RecordType.Tsig);
        Append16(255);
        Append([0, 0, 0, 0]);
        Append16(algorithm.Wire.Length + TsigRecord.FixedLength + mac.Length + fields.OtherLength);
        Append(algorithm.Wire);
        AppendTime(fields.Time);
        Append16(fields.Fudge);
        Append16(mac.Length);
        Append(mac);
        Append16(originalId);
        Append16(fields.Error);
        Append16(fields.OtherLength);
        if (fields.OtherLength > 0) AppendTime(fields.ServerTime);
    }

    private void AppendTime(long time)
    {
        TsigRecord.WriteTime(_message[Position..], time);
        Position += 6;
    }

    private void Append16(int value)
    {
        Octets.Write16(_message, Position, value);
        Position += 2;
    }

    private void Append(scoped ReadOnlySpan<byte> octets)
    {
        octets.CopyTo(_message[Position..]);
        Position += octets.Length;
    }
}
