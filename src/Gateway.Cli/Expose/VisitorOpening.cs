using Gateway.Transport;
using Gateway.Transport.Handshakes;
using Gateway.Transport.ProxyProtocol;

namespace Gateway.Cli.Expose;

/// <summary>
/// What is known of a visitor before the local service is dialled: which kind he is, and what the service reads first. A newer
/// gateway says it in a header; with an old one his first byte tells the kind, and nothing his address.
/// </summary>
/// <param name="IsTls">He speaks TLS.</param>
/// <param name="First">The header of <c>--proxy-protocol</c> and what has been read of the visitor.</param>
internal sealed record VisitorOpening(bool IsTls, ReadOnlyMemory<byte> First)
{
    /// <summary>What the gateway's log calls him; empty: an older gateway, which does not say.</summary>
    public string Id { get; init; } = "";

    /// <summary>Reads the gateway's header. Null: there is none that can be read, or it did not come in time.</summary>
    /// <exception cref="IOException">The stream broke.</exception>
    public static async ValueTask<VisitorOpening?> ReadAsync(Duplex visitor, TunnelClientOptions options, CancellationToken stop)
    {
        var bytes = new byte[512];
        for (var there = 0; ;)
        {
            var read = await visitor.ReadAsync(bytes.AsMemory(there), stop);
            there += read;
            var parse = VisitorHeader.TryRead(bytes.AsSpan(0, there), out var header, out var used);
            if (parse == ProxyParse.Found) return new VisitorOpening(header.IsTls, Join(header.Visitor.Write(options.ProxyProtocol, header.ServerName, header.Id), bytes.AsMemory(used, there - used))) { Id = header.Id };
            if (parse == ProxyParse.Malformed || read == 0) return null;
            if (there == bytes.Length) Array.Resize(ref bytes, Math.Min(2 * there, VisitorHeader.MaxLength));
        }
    }

    /// <summary>What a visitor's first byte says; empty when he waits for the server to speak first.</summary>
    public static VisitorOpening Guess(ReadOnlyMemory<byte> first, TunnelClientOptions options) =>
        // RFC 8446 section 5.1: the content type of a handshake record, the first byte of every TLS client.
        new(first.Span is [0x16, ..], Join(default(ProxyHeader).Write(options.ProxyProtocol), first));

    private static ReadOnlyMemory<byte> Join(byte[] header, ReadOnlyMemory<byte> rest) => header.Length == 0 ? rest : (byte[])[.. header, .. rest.Span];
}
