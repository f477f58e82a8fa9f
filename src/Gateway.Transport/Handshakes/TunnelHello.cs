using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using Gateway.Model;

namespace Gateway.Transport.Handshakes;

/// <summary>The kinds of visitors that a tunnel client takes.</summary>
[Flags]
public enum ServedTraffic
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>TLS connections, passed through.</summary>
    Tls = 1,

    /// <summary>HTTP requests.</summary>
    Http = 2,

    /// <summary>Both.</summary>
    Any = Tls | Http,
}

/// <summary>What two ends may agree on beyond the handshake itself.</summary>
[Flags]
public enum TunnelFeatures
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The client hands the visitor's address on, so each stream must carry one visitor only.</summary>
    HandsOnAddresses = 1,

    /// <summary>The client dials a connection of its own for each visitor who speaks TLS.</summary>
    DirectConnections = 2,
}

/// <summary>The first message of a client in the negotiated handshake; docs/tunnel-protocol.md has its fields.</summary>
/// <param name="Secret">Proves which service this is.</param>
/// <param name="Name">What the operator sees, 64 characters at most.</param>
/// <param name="Serves">Which visitors it takes.</param>
/// <param name="Features">What it offers.</param>
public sealed record TunnelHello(Secret Secret, string Name, ServedTraffic Serves, TunnelFeatures Features)
{
    /// <summary>The longest name that is kept.</summary>
    public const int MaxName = 64;

    private const ushort SecretField = 1;
    private const ushort NameField = 2;
    private const ushort ServesField = 3;
    private const ushort FeaturesField = 4;

    /// <summary>The message.</summary>
    /// <exception cref="ArgumentException">The secret is empty, or too long to fit.</exception>
    public byte[] Encode()
    {
        if (Secret.IsEmpty) throw new ArgumentException("A tunnel secret is not empty.");
        var features = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(features, (uint)Features);
        return HandshakeFields.Write(
            (SecretField, Encoding.UTF8.GetBytes(Secret.Reveal())), (NameField, Encoding.UTF8.GetBytes(PeerText.OneLine(Name, MaxName))),
            (ServesField, [(byte)Serves]), (FeaturesField, features));
    }

    /// <summary>
    /// Looks at what has come so far. <paramref name="unknown"/> is not 0 when the client insists on a field that is not known
    /// here: it is to be refused as <see cref="TunnelRefusal.Unsupported"/>.
    /// </summary>
    public static HandshakeParse TryDecode(ReadOnlySpan<byte> bytes, out TunnelHello hello, out ushort unknown, out int used)
    {
        hello = null!;
        var parse = HandshakeFields.TryRead(bytes, FeaturesField, out var fields, out unknown, out used);
        if (parse != HandshakeParse.Found) return parse;
        if (!fields.TryGetValue(SecretField, out var secret) || secret.Length == 0 || !Utf8.IsValid(secret)) return HandshakeParse.Malformed;
        var serves = (ServedTraffic)(fields.GetValueOrDefault(ServesField, []) is [var kinds] ? kinds : 0) & ServedTraffic.Any;
        var features = fields.GetValueOrDefault(FeaturesField, []) is { Length: sizeof(uint) } offered ? (TunnelFeatures)BinaryPrimitives.ReadUInt32BigEndian(offered) : TunnelFeatures.None;
        // A client that says nothing of what it serves takes everybody, like one of the old protocol.
        hello = new TunnelHello(
            new Secret(Encoding.UTF8.GetString(secret)), PeerText.OneLine(Encoding.UTF8.GetString(fields.GetValueOrDefault(NameField, [])), MaxName),
            serves == ServedTraffic.None ? ServedTraffic.Any : serves, features);
        return HandshakeParse.Found;
    }
}
