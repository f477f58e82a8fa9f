using System.Text;
using Gateway.Model;
using Gateway.Transport.ProxyProtocol;

namespace Gateway.Transport.Handshakes;

/// <summary>
/// What stands before a visitor's bytes on every stream and direct connection of a session with the negotiated handshake: a PROXY
/// header of version 2 (HAProxy's proxy-protocol.txt section 2.2) with the server name as authority, what the node's log calls the
/// connection as unique id, and a TLV of our own for the kind of traffic.
/// </summary>
/// <param name="Visitor">Where he comes from and what he dialled; empty where one connection carries several visitors.</param>
/// <param name="ServerName">The TLS server name; empty: none.</param>
/// <param name="IsTls">True: a TLS connection passed through. False: HTTP.</param>
/// <param name="Id">What the node's log calls the connection, 128 characters at most; empty: an older node, which does not say.</param>
public readonly record struct VisitorHeader(ProxyHeader Visitor, string ServerName, bool IsTls, string Id = "")
{
    /// <summary>No header is longer.</summary>
    public const int MaxLength = ProxyHeader.MaxLength;

    /* The first of the types that the specification leaves to applications (section 2.2, PP2_TYPE_MIN_CUSTOM). */
    private const byte TrafficType = 0xE0;
    private const byte TlsTraffic = 1;
    private const byte HttpTraffic = 2;

    /// <summary>The header.</summary>
    public byte[] Write() => ProxyVersion2.Write(Visitor, ServerName, Id, [TrafficType, 0, 1, IsTls ? TlsTraffic : HttpTraffic]);

    /// <summary>Looks at what has come so far; <paramref name="used"/> is where the visitor's own bytes begin.</summary>
    public static ProxyParse TryRead(ReadOnlySpan<byte> bytes, out VisitorHeader header, out int used)
    {
        header = default;
        if (bytes.IsEmpty)
        {
            used = 0;
            return ProxyParse.NeedMore;
        }

        var parse = ProxyVersion2.TryRead(bytes, out var visitor, out used);
        if (parse != ProxyParse.Found) return parse;
        var whole = bytes[..used];
        var kind = ProxyVersion2.Find(whole, TrafficType);
        var id = ProxyVersion2.Find(whole, ProxyVersion2.UniqueId);
        header = new VisitorHeader(
            visitor, Encoding.ASCII.GetString(ProxyVersion2.Find(whole, ProxyVersion2.Authority)), kind is [TlsTraffic],
            PeerText.OneLine(Encoding.ASCII.GetString(id[..Math.Min(id.Length, ProxyVersion2.MaxId)]), ProxyVersion2.MaxId));
        return ProxyParse.Found;
    }
}
