using System.Buffers;

namespace Gateway.Model.Records;

public abstract partial record Rdata
{
    /// <summary>The domain name inside; null when this kind holds none.</summary>
    public virtual DomainName? Target => null;

    /// <summary>An alias (RFC 1035 section 3.3.1).</summary>
    public sealed record Cname(DomainName Host) : Rdata(RecordType.Cname)
    {
        /// <inheritdoc/>
        public override DomainName? Target => Host;

        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire) => wire.Write(Host.Wire);
    }

    /// <summary>An alias of everything below (RFC 6672).</summary>
    public sealed record Dname(DomainName Host) : Rdata(RecordType.Dname)
    {
        /// <inheritdoc/>
        public override DomainName? Target => Host;

        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire) => wire.Write(Host.Wire);
    }

    /// <summary>A name server (RFC 1035 section 3.3.11).</summary>
    public sealed record Ns(DomainName Host) : Rdata(RecordType.Ns)
    {
        /// <inheritdoc/>
        public override DomainName? Target => Host;

        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire) => wire.Write(Host.Wire);
    }

    /// <summary>A pointer (RFC 1035 section 3.3.12).</summary>
    public sealed record Ptr(DomainName Host) : Rdata(RecordType.Ptr)
    {
        /// <inheritdoc/>
        public override DomainName? Target => Host;

        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire) => wire.Write(Host.Wire);
    }

    /// <summary>A mail exchanger (RFC 1035 section 3.3.9).</summary>
    public sealed record Mx(ushort Preference, DomainName Host) : Rdata(RecordType.Mx)
    {
        /// <inheritdoc/>
        public override DomainName? Target => Host;

        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire)
        {
            Append16(wire, Preference);
            wire.Write(Host.Wire);
        }
    }

    /// <summary>Where a service runs (RFC 2782).</summary>
    public sealed record Srv(ushort Priority, ushort Weight, ushort Port, DomainName Host) : Rdata(RecordType.Srv)
    {
        /// <inheritdoc/>
        public override DomainName? Target => Host;

        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire)
        {
            Append16(wire, Priority);
            Append16(wire, Weight);
            Append16(wire, Port);
            wire.Write(Host.Wire);
        }
    }

    /// <summary>A service binding, of HTTP or of any other protocol (RFC 9460 section 2.2).</summary>
    /// <param name="OfHttp">True for the type HTTPS, false for SVCB.</param>
    public sealed record Svcb(bool OfHttp, ushort Priority, DomainName Host, SvcParams Parameters) : Rdata(OfHttp ? RecordType.Https : RecordType.Svcb)
    {
        /// <inheritdoc/>
        public override DomainName? Target => Host;

        /// <inheritdoc/>
        public override void AppendTo(IBufferWriter<byte> wire)
        {
            Append16(wire, Priority);
            wire.Write(Host.Wire);
            wire.Write(Parameters.Wire);
        }
    }
}
