using System.Buffers.Binary;

namespace Gateway.Transport.Handshakes;

/// <summary>Why a client was turned away.</summary>
public enum TunnelRefusal
{
    /// <summary>It was not.</summary>
    None = 0,

    /// <summary>No reservation here has this secret.</summary>
    Unknown = 1,

    /// <summary>Too many clients want in at the moment.</summary>
    Busy = 2,

    /// <summary>The node is stopping.</summary>
    Stopping = 3,

    /// <summary>The client insists on something that the node does not know.</summary>
    Unsupported = 4,
}

/// <summary>What the node says to a <see cref="TunnelHello"/>; docs/tunnel-protocol.md has its fields.</summary>
/// <param name="Refusal">None: the client is in.</param>
/// <param name="Session">The number of the session in the node's log, from 1; 0 when refused.</param>
/// <param name="Features">What was agreed on, a part of what was offered.</param>
/// <param name="RetryAfter">How long a refused client should stay away at least, 0 to 65535 s.</param>
public sealed record TunnelAnswer(TunnelRefusal Refusal, long Session, TunnelFeatures Features, TimeSpan RetryAfter)
{
    private const ushort RefusalField = 1;
    private const ushort SessionField = 2;
    private const ushort FeaturesField = 3;
    private const ushort RetryField = 4;

    /// <summary>The client is in.</summary>
    public static TunnelAnswer Accept(long session, TunnelFeatures features) => new(TunnelRefusal.None, session, features, TimeSpan.Zero);

    /// <summary>It is not.</summary>
    public static TunnelAnswer Refuse(TunnelRefusal why, TimeSpan retryAfter) => new(why, 0, TunnelFeatures.None, retryAfter);

    /// <summary>The message.</summary>
    public byte[] Encode()
    {
        byte[] session = new byte[sizeof(long)], features = new byte[sizeof(uint)], retry = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteInt64BigEndian(session, Session);
        BinaryPrimitives.WriteUInt32BigEndian(features, (uint)Features);
        BinaryPrimitives.WriteUInt16BigEndian(retry, (ushort)Math.Clamp(RetryAfter.TotalSeconds, 0, ushort.MaxValue));
        return HandshakeFields.Write((RefusalField, [(byte)Refusal]), (SessionField, session), (FeaturesField, features), (RetryField, retry));
    }

    /// <summary>Looks at what has come so far. A refusal of a kind that is not known here reads as <see cref="TunnelRefusal.Busy"/>: try again later.</summary>
    public static HandshakeParse TryDecode(ReadOnlySpan<byte> bytes, out TunnelAnswer answer, out int used)
    {
        answer = null!;
        var parse = HandshakeFields.TryRead(bytes, RetryField, out var fields, out var unknown, out used);
        if (parse != HandshakeParse.Found) return parse;
        if (fields.GetValueOrDefault(RefusalField, []) is not [var refusal] || unknown != 0) return HandshakeParse.Malformed;
        answer = new TunnelAnswer(
            Enum.IsDefined((TunnelRefusal)refusal) ? (TunnelRefusal)refusal : TunnelRefusal.Busy,
            fields.GetValueOrDefault(SessionField, []) is { Length: sizeof(long) } session ? BinaryPrimitives.ReadInt64BigEndian(session) : 0,
            fields.GetValueOrDefault(FeaturesField, []) is { Length: sizeof(uint) } features ? (TunnelFeatures)BinaryPrimitives.ReadUInt32BigEndian(features) : TunnelFeatures.None,
            TimeSpan.FromSeconds(fields.GetValueOrDefault(RetryField, []) is { Length: sizeof(ushort) } retry ? BinaryPrimitives.ReadUInt16BigEndian(retry) : 0));
        return HandshakeParse.Found;
    }
}
