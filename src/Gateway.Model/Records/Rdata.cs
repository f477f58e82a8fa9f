using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Gateway.Model.Records;

/// <summary>
/// What a record says: a closed hierarchy, one sealed record for each kind of RDATA. Each kind knows its own wire form; no name
/// in it is compressed there (RFC 3597 section 4 forbids that for the newer types).
/// </summary>
public abstract partial record Rdata
{
    private Rdata(RecordType type) => Type = type;

    /// <summary>The record type it belongs to.</summary>
    public RecordType Type { get; }

    /// <summary>Appends the wire form, without the length.</summary>
    public abstract void AppendTo(IBufferWriter<byte> wire);

    /// <summary>The wire form, without the length.</summary>
    public byte[] ToWire()
    {
        var wire = new ArrayBufferWriter<byte>(64);
        AppendTo(wire);
        return wire.WrittenSpan.ToArray();
    }

    /// <summary>An IPv4 address (RFC 1035 section 3.4.1).</summary>
    public sealed record A(IPAddress Address) : Rdata(RecordType.A)
    {
        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire) => wire.Write(Address.GetAddressBytes());
    }

    /// <summary>An IPv6 address (RFC 3596 section 2.2).</summary>
    public sealed record Aaaa(IPAddress Address) : Rdata(RecordType.Aaaa)
    {
        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire) => wire.Write(Address.GetAddressBytes());
    }

    /// <summary>A text, cut into strings of 255 octets on the wire (RFC 1035 section 3.3.14).</summary>
    public sealed record Txt(string Text) : Rdata(RecordType.Txt)
    {
        private const int LongestString = 255;

        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire)
        {
            ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(Text);
            do
            {
                var piece = rest[..Math.Min(rest.Length, LongestString)];
                AppendText(wire, piece);
                rest = rest[piece.Length..];
            }
            while (rest.Length > 0);
        }
    }

    /// <summary>Start of authority (RFC 1035 section 3.3.13). All numbers but the serial in seconds.</summary>
    /// <param name="Serial">Not stored with the record: the zone's own change number takes its place.</param>
    public sealed record Soa(DomainName Primary, DomainName Mailbox, uint Refresh, uint Retry, uint Expire, uint Minimum, uint Serial = 0) : Rdata(RecordType.Soa)
    {
        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire)
        {
            wire.Write(Primary.Wire);
            wire.Write(Mailbox.Wire);
            Append32(wire, Serial);
            Append32(wire, Refresh);
            Append32(wire, Retry);
            Append32(wire, Expire);
            Append32(wire, Minimum);
        }
    }

    /// <summary>Who may issue certificates (RFC 8659 section 4.1).</summary>
    public sealed record Caa(byte Flag, string Tag, string Value) : Rdata(RecordType.Caa)
    {
        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire)
        {
            wire.Write([Flag]);
            AppendText(wire, Encoding.ASCII.GetBytes(Tag));
            wire.Write(Encoding.UTF8.GetBytes(Value));
        }
    }

    /// <summary>Any type by its number (RFC 3597).</summary>
    public sealed record Generic(RecordType Number, EquatableList<byte> Octets) : Rdata(Number)
    {
        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire) => wire.Write(Octets.ToArray());
    }

    private static void AppendText(IBufferWriter<byte> wire, ReadOnlySpan<byte> text)
    {
        wire.Write([(byte)text.Length]);
        wire.Write(text);
    }

    private static void Append16(IBufferWriter<byte> wire, ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(wire.GetSpan(2), value);
        wire.Advance(2);
    }

    private static void Append32(IBufferWriter<byte> wire, uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(wire.GetSpan(4), value);
        wire.Advance(4);
    }
}
