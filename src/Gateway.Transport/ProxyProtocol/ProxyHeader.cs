using System.Net;

namespace Gateway.Transport.ProxyProtocol;

/// <summary>What a look at the first bytes of a connection from a trusted proxy says.</summary>
public enum ProxyParse
{
    /// <summary>It may become a header; read on.</summary>
    NeedMore,

    /// <summary>It is one.</summary>
    Found,

    /// <summary>It can never become one.</summary>
    Malformed,
}

/// <summary>Which form of the header is written.</summary>
public enum ProxyVersion
{
    /// <summary>None at all.</summary>
    None = 0,

    /// <summary>One line of text.</summary>
    One = 1,

    /// <summary>Binary, with the TLS server name in a TLV when there is one.</summary>
    Two = 2,
}

/// <summary>
/// Who is at the far end of a proxied connection, as the PROXY protocol says (HAProxy's specification proxy-protocol.txt,
/// sections 2.1 and 2.2). Both are null when the proxy speaks for itself (LOCAL) or does not know (UNKNOWN).
/// </summary>
/// <param name="Source">The client that the proxy accepted.</param>
/// <param name="Destination">The address that the client had dialled.</param>
public readonly record struct ProxyHeader(IPEndPoint? Source, IPEndPoint? Destination)
{
    /// <summary>No header that is read is longer: version 1 has 107 bytes at most, and version 2 needs more only for what nobody sends.</summary>
    public const int MaxLength = 4096;

    /// <summary>
    /// Reads a header of either version at the start of a connection. To be asked only when the peer is trusted to send one:
    /// the protocol forbids to guess. <paramref name="used"/> is where the visitor's own bytes begin.
    /// </summary>
    public static ProxyParse TryRead(ReadOnlySpan<byte> bytes, out ProxyHeader header, out int used)
    {
        (header, used) = (default, 0);
        if (bytes.IsEmpty) return ProxyParse.NeedMore;
        return bytes[0] == ProxyVersion2.Signature[0]
            ? ProxyVersion2.TryRead(bytes, out header, out used)
            : ProxyVersion1.TryRead(bytes, out header, out used);
    }

    /// <summary>
    /// Writes this header. <paramref name="serverName"/> (ASCII, 255 bytes at most; empty: none) and <paramref name="id"/>, what log
    /// lines call the connection (ASCII, 128 bytes at most; empty: none), are told by version 2 only.
    /// </summary>
    public byte[] Write(ProxyVersion version, string serverName = "", string id = "") => version switch
    {
        ProxyVersion.One => ProxyVersion1.Write(this),
        ProxyVersion.Two => ProxyVersion2.Write(this, serverName, id),
        _ => [],
    };
}
