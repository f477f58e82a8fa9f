using System.Buffers.Binary;

namespace Gateway.Transport.Yamux.Frames;

/// <summary>
/// A cursor over what has come so far. Payloads are handed out piecewise, so a frame of any length needs no buffer of its own;
/// what is left of the last one is carried over to the next cursor. After the first fault every read says no.
/// </summary>
internal ref struct FrameReader(ReadOnlySpan<byte> bytes, uint payloadLeft)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>How many bytes have been used.</summary>
    public int Position { get; private set; }

    /// <summary>How many bytes of the current data frame are still to come or to be taken.</summary>
    public uint PayloadLeft { get; private set; } = payloadLeft;

    /// <summary>The rule that was broken; none while all is well.</summary>
    public FrameFault Fault { get; private set; }

    /// <summary>Reads the next header. False: more bytes are needed, a payload is in the way, or a rule is broken.</summary>
    public bool TryReadHeader(out FrameHeader header)
    {
        header = default;
        if (Fault != FrameFault.None || PayloadLeft > 0 || _bytes.Length - Position < FrameHeader.Size) return false;
        var at = _bytes.Slice(Position, FrameHeader.Size);
        Fault = Check(at);
        if (Fault != FrameFault.None) return false;
        header = new FrameHeader((FrameKind)at[1], (FrameFlags)BinaryPrimitives.ReadUInt16BigEndian(at[2..]), Stream(at), BinaryPrimitives.ReadUInt32BigEndian(at[8..]));
        Position += FrameHeader.Size;
        if (header.Kind == FrameKind.Data) PayloadLeft = header.Length;
        return true;
    }

    /// <summary>Takes what is there of the current payload; empty when nothing of it has come.</summary>
    public ReadOnlySpan<byte> ReadPayload()
    {
        if (Fault != FrameFault.None) return default;
        var length = (int)Math.Min(PayloadLeft, (uint)(_bytes.Length - Position));
        var payload = _bytes.Slice(Position, length);
        Position += length;
        PayloadLeft -= (uint)length;
        return payload;
    }

    private static FrameFault Check(ReadOnlySpan<byte> at)
    {
        if (at[0] != FrameHeader.Version) return FrameFault.Version;
        if (at[1] > (byte)FrameKind.GoAway) return FrameFault.Kind;
        var ofSession = at[1] >= (byte)FrameKind.Ping;
        return ofSession == (Stream(at) == 0) ? FrameFault.None : FrameFault.StreamId;
    }

    private static uint Stream(ReadOnlySpan<byte> at) => BinaryPrimitives.ReadUInt32BigEndian(at[4..]);
}
