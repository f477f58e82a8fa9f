using System.Buffers;
using Gateway.Model;

namespace Gateway.Router.Sniff;

/// <summary>Finds the server name (RFC 6066 section 3) in a TLS ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2).</summary>
internal static class ClientHello
{
    /// <summary>The handshake type of a ClientHello.</summary>
    public const byte MessageType = 1;

    private const int RandomLength = 32;
    private const int MaxSessionId = 32;
    private const ushort ServerName = 0;
    private const byte HostName = 0;

    /// <summary>Looks once at all bytes since the start of the connection.</summary>
    public static SniffResult TryReadServerName(ReadOnlySpan<byte> bytes, out DomainName host)
    {
        var records = new HandshakeRecords();
        return TryReadServerName(bytes, ref records, out host);
    }

    /// <summary>
    /// The same, for a caller that comes back with more: <paramref name="bytes"/> is always everything since the start, and
    /// <paramref name="records"/> remembers how much of it is known.
    /// </summary>
    public static SniffResult TryReadServerName(ReadOnlySpan<byte> bytes, ref HandshakeRecords records, out DomainName host)
    {
        host = default;
        var progress = records.Advance(bytes);
        if (progress != SniffResult.Found) return progress;
        var gathered = ArrayPool<byte>.Shared.Rent(records.MessageLength);
        try
        {
            return ReadBody(records.Body(bytes, gathered), out host);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(gathered);
        }
    }

    private static SniffResult ReadBody(ReadOnlySpan<byte> body, out DomainName host)
    {
        host = default;
        var hello = new HelloReader(body);
        hello.Bytes(2 + RandomLength);
        var session = hello.ShortVector();
        var suites = hello.Vector();
        var compressions = hello.ShortVector();
        if (!hello.Ok || session.Length > MaxSessionId || suites.Length < 2 || compressions.IsEmpty) return SniffResult.Malformed;
        // RFC 5246 section 7.4.1.2: a hello may end before the extensions, and then has no name.
        if (hello.IsEmpty) return SniffResult.NoName;
        var extensions = hello.Vector();
        return hello.Ok && hello.IsEmpty ? ReadExtensions(extensions, out host) : SniffResult.Malformed;
    }

    private static SniffResult ReadExtensions(ReadOnlySpan<byte> bytes, out DomainName host)
    {
        host = default;
        var found = SniffResult.NoName;
        var extensions = new HelloReader(bytes);
        while (!extensions.IsEmpty)
        {
            var type = extensions.Number();
            var content = extensions.Vector();
            if (!extensions.Ok) return SniffResult.Malformed;
            if (type != ServerName) continue;
            // RFC 8446 section 4.2: no extension twice. Which of two names the server behind us would believe, nobody knows.
            if (found != SniffResult.NoName) return SniffResult.Malformed;
            found = ReadNameList(content, out host);
            if (found != SniffResult.Found) return SniffResult.Malformed;
        }

        return found;
    }

    private static SniffResult ReadNameList(ReadOnlySpan<byte> bytes, out DomainName host)
    {
        host = default;
        var found = SniffResult.NoName;
        var content = new HelloReader(bytes);
        var names = new HelloReader(content.Vector());
        if (!content.Ok || !content.IsEmpty) return SniffResult.Malformed;
        while (!names.IsEmpty)
        {
            var type = names.Byte();
            var name = names.Vector();
            if (!names.Ok) return SniffResult.Malformed;
            if (type != HostName) continue;
            // RFC 6066 section 3: not more than one name of a type.
            if (found == SniffResult.Found || !TryReadHost(name, out host)) return SniffResult.Malformed;
            found = SniffResult.Found;
        }

        return found;
    }

    /// <summary>Letters, digits, hyphens and underscores between dots: no escapes, no NUL, no wildcard, no IPv6 literal.</summary>
    private static bool TryReadHost(ReadOnlySpan<byte> name, out DomainName host)
    {
        host = default;
        Span<char> text = stackalloc char[DomainName.MaxLength];
        if (name.Length > text.Length) return false;
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] == '\\') return false;
            text[i] = (char)name[i];
        }

        return DomainName.TryParse(text[..name.Length], out host) && host.IsHostName;
    }
}
