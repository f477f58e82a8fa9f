using System.Buffers.Binary;
using System.Text;
using Gateway.Model;
using Gateway.Transport.Yamux;

namespace Gateway.Transport.Handshakes;

/// <summary>What a look at the first bytes of a handshake says.</summary>
public enum HandshakeParse
{
    /// <summary>It may become one; read on.</summary>
    NeedMore,

    /// <summary>It is one.</summary>
    Found,

    /// <summary>It can never become one.</summary>
    Malformed,
}

/// <summary>
/// The first message of a tunnel client, on its first stream. The old kind: magic 0x1111, length (two bytes, big-endian) and the secret's
/// UTF-8 bytes, in one data frame, then the end of its direction; there is no answer but the end of ours. The negotiated kind: a
/// <see cref="TunnelHello"/>, a <see cref="TunnelAnswer"/>, and then, as long as the session lasts, <see cref="TunnelNotice"/>s.
/// </summary>
public static class TunnelHandshake
{
    /// <summary>The longest secret in bytes: its length is a 16-bit number.</summary>
    public const int MaxSecret = ushort.MaxValue;

    private const ushort Magic = 0x1111;
    private const int Prefix = 4;
    private static readonly UTF8Encoding Strict = new(false, true);

    /// <summary>The message that proves this secret.</summary>
    /// <exception cref="ArgumentException">The secret is empty or longer than <see cref="MaxSecret"/> bytes.</exception>
    public static byte[] Encode(Secret secret)
    {
        var text = Strict.GetBytes(secret.Reveal());
        if (text.Length is 0 or > MaxSecret) throw new ArgumentException("A tunnel secret has 1 to 65535 bytes.", nameof(secret));
        var message = new byte[Prefix + text.Length];
        BinaryPrimitives.WriteUInt16BigEndian(message, Magic);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)text.Length);
        text.CopyTo(message, Prefix);
        return message;
    }

    /// <summary>Looks at what has come so far; <paramref name="used"/> tells how many bytes the message had.</summary>
    public static HandshakeParse TryDecode(ReadOnlySpan<byte> bytes, out Secret secret, out int used)
    {
        (secret, used) = (default, 0);
        for (var i = 0; i < Math.Min(2, bytes.Length); i++)
            if (bytes[i] != Magic >> 8) return HandshakeParse.Malformed;
        if (bytes.Length < Prefix) return HandshakeParse.NeedMore;
        var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (length == 0) return HandshakeParse.Malformed;
        if (bytes.Length < Prefix + length) return HandshakeParse.NeedMore;
        return TryText(bytes.Slice(Prefix, length), out secret, out used);
    }

    /// <summary>
    /// Takes the peer's first stream and reads its handshake, of either kind; null when it is none, or the session ended. The deadline is
    /// the caller's.
    /// </summary>
    public static async Task<TunnelOffer?> ReceiveAsync(YamuxSession session, CancellationToken stop)
    {
        var stream = await session.AcceptAsync(stop);
        if (stream is null) return null;
        TunnelOffer? offer = null;
        try
        {
            if (await ReadAsync(stream, stop) is not { } message) return null;
            offer = HandshakeFields.MayBegin(message) ? Negotiated(message, stream) : await OldAsync(message, stream, stop);
            return offer;
        }
        catch (IOException)
        {
            return null;
        }
        finally
        {
            if (offer?.Control is null) await stream.DisposeAsync();
        }
    }

    /// <summary>
    /// Opens the first stream, sends the negotiated handshake, and waits for the answer; null when the peer ended without one: it may know the
    /// old handshake only. The stream is the caller's from then on; the deadline is too.
    /// </summary>
    /// <exception cref="IOException">There is no session to speak over any more.</exception>
    public static async Task<(TunnelAnswer? Answer, YamuxStream Control)> OfferAsync(YamuxSession session, TunnelHello hello, CancellationToken stop)
    {
        var stream = await session.OpenAsync(stop) ?? throw new IOException("the session ended before the handshake");
        try
        {
            await stream.WriteAsync(hello.Encode(), stop);
            var message = await ReadAsync(stream, stop);
            return (message is not null && TunnelAnswer.TryDecode(message, out var answer, out _) == HandshakeParse.Found ? answer : null, stream);
        }
        catch (IOException)
        {
            return (null, stream);
        }
    }

    /// <summary>
    /// Opens the first stream, sends the handshake, and waits until the peer has ended the stream too: the only sign it gives that
    /// it has read it. The deadline is the caller's.
    /// </summary>
    /// <exception cref="IOException">The session ended first.</exception>
    public static async Task OfferAsync(YamuxSession session, Secret secret, CancellationToken stop)
    {
        await using var stream = await session.OpenAsync(stop) ?? throw new IOException("the session ended before the handshake");
        await stream.WriteAsync(Encode(secret), stop);
        await stream.EndAsync(stop);
        var ignored = new byte[64];
        while (await stream.ReadAsync(ignored, stop) > 0)
        {
        }
    }

    private static TunnelOffer? Negotiated(byte[] message, YamuxStream stream) =>
        TunnelHello.TryDecode(message, out var hello, out var unknown, out _) == HandshakeParse.Found ? new TunnelOffer(hello.Secret, hello, unknown != 0, stream) : null;

    private static async ValueTask<TunnelOffer?> OldAsync(byte[] message, YamuxStream stream, CancellationToken stop)
    {
        if (TryDecode(message, out var secret, out _) != HandshakeParse.Found) return null;
        await stream.EndAsync(stop);
        // The client's own end follows its message; waiting for it spares it a reset.
        await stream.ReadAsync(new byte[1], stop);
        return new TunnelOffer(secret, null, false, null);
    }

    // Both kinds begin with a magic and the length of what follows. Never a byte too much: what comes after it is no handshake.
    private static async ValueTask<byte[]?> ReadAsync(YamuxStream stream, CancellationToken stop)
    {
        var bytes = new byte[256];
        var (there, length) = (0, Prefix);
        while (there < length)
        {
            if (there == bytes.Length) Array.Resize(ref bytes, Math.Min(2 * there, length));
            var read = await stream.ReadAsync(bytes.AsMemory(there, Math.Min(length, bytes.Length) - there), stop);
            there += read;
            var malformed = TryDecode(bytes.AsSpan(0, Math.Min(there, Prefix)), out _, out _) == HandshakeParse.Malformed;
            if (read == 0 || (malformed && !HandshakeFields.MayBegin(bytes.AsSpan(0, there)))) return null;
            if (there >= Prefix) length = Prefix + BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(2));
        }

        return bytes[..there];
    }

    private static HandshakeParse TryText(ReadOnlySpan<byte> text, out Secret secret, out int used)
    {
        (secret, used) = (default, 0);
        if (!System.Text.Unicode.Utf8.IsValid(text)) return HandshakeParse.Malformed;
        secret = new Secret(Encoding.UTF8.GetString(text));
        used = Prefix + text.Length;
        return HandshakeParse.Found;
    }
}
