using System.Buffers.Binary;

namespace Gateway.Transport.Handshakes;

/// <summary>What the node may say on the first stream after its answer. A client passes over kinds that it does not know.</summary>
public enum NoticeKind
{
    /// <summary>The node is about to stop: take another session, this one closes in so many seconds (16 bits).</summary>
    GoingAway = 1,

    /// <summary>Tokens of 16 bytes each: for every one of them a direct connection may be dialled.</summary>
    Tokens = 2,
}

/// <summary>One such message: kind and length, 16 bits each and big-endian, then the content.</summary>
/// <param name="Kind">What it is about; may be none of those that are known.</param>
/// <param name="Content">Up to 65,535 bytes.</param>
public sealed record TunnelNotice(NoticeKind Kind, ReadOnlyMemory<byte> Content)
{
    private const int Prefix = 4;

    /// <summary>The node goes away, and closes the session after this time (0 to 65535 s).</summary>
    public static TunnelNotice GoingAway(TimeSpan closes)
    {
        var seconds = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(seconds, (ushort)Math.Clamp(closes.TotalSeconds, 0, ushort.MaxValue));
        return new TunnelNotice(NoticeKind.GoingAway, seconds);
    }

    /// <summary>The message.</summary>
    public byte[] Encode()
    {
        var message = new byte[Prefix + Content.Length];
        BinaryPrimitives.WriteUInt16BigEndian(message, (ushort)Kind);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), checked((ushort)Content.Length));
        Content.Span.CopyTo(message.AsSpan(Prefix));
        return message;
    }

    /// <summary>The next one of a stream; null at its end.</summary>
    /// <exception cref="IOException">The stream broke, or ended within a message.</exception>
    public static async ValueTask<TunnelNotice?> ReadAsync(Duplex stream, CancellationToken stop)
    {
        var prefix = new byte[Prefix];
        if (!await TryFillAsync(stream, prefix, stop)) return null;
        var content = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix.AsSpan(2))];
        if (!await TryFillAsync(stream, content, stop) && content.Length > 0) throw new IOException("the peer ended within a message");
        return new TunnelNotice((NoticeKind)BinaryPrimitives.ReadUInt16BigEndian(prefix), content);
    }

    private static async ValueTask<bool> TryFillAsync(Duplex stream, byte[] bytes, CancellationToken stop)
    {
        for (var there = 0; there < bytes.Length;)
        {
            var read = await stream.ReadAsync(bytes.AsMemory(there), stop);
            if (read == 0) return there == 0 ? false : throw new IOException("the peer ended within a message");
            there += read;
        }

        return bytes.Length > 0;
    }
}
