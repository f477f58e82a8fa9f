using System.Buffers;
using System.Text;

namespace Gateway.Model.Records;

public abstract partial record Rdata
{
    /// <summary>The digest of a child zone's key (RFC 4034 section 5.1).</summary>
    public sealed record Ds(ushort KeyTag, byte Algorithm, byte DigestType, EquatableList<byte> Digest) : Rdata(RecordType.Ds)
    {
        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire)
        {
            Append16(wire, KeyTag);
            wire.Write([Algorithm, DigestType, .. Digest]);
        }
    }

    /// <summary>A certificate association (RFC 6698 section 2.1).</summary>
    public sealed record Tlsa(byte Usage, byte Selector, byte Matching, EquatableList<byte> Association) : Rdata(RecordType.Tlsa)
    {
        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire) => wire.Write([Usage, Selector, Matching, .. Association]);
    }

    /// <summary>An SSH host key's fingerprint (RFC 4255 section 3.1).</summary>
    public sealed record Sshfp(byte Algorithm, byte FingerprintType, EquatableList<byte> Fingerprint) : Rdata(RecordType.Sshfp)
    {
        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire) => wire.Write([Algorithm, FingerprintType, .. Fingerprint]);
    }

    /// <summary>A rewriting rule (RFC 3403 section 4.1). The three texts are at most 255 octets each.</summary>
    public sealed record Naptr(ushort Order, ushort Preference, string Flags, string Service, string Expression, DomainName Replacement) : Rdata(RecordType.Naptr)
    {
        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire)
        {
            Append16(wire, Order);
            Append16(wire, Preference);
            AppendText(wire, Encoding.UTF8.GetBytes(Flags));
            AppendText(wire, Encoding.UTF8.GetBytes(Service));
            AppendText(wire, Encoding.UTF8.GetBytes(Expression));
            wire.Write(Replacement.Wire);
        }
    }
}
