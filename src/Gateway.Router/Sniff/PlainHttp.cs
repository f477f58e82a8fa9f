using System.Text;

namespace Gateway.Router.Sniff;

/// <summary>Plain HTTP on the TLS port: a mistake that deserves an answer which a person can read.</summary>
internal static class PlainHttp
{
    private const string Advice = "This port speaks TLS. Use https:// in the address, or the HTTP port.\n";

    private static readonly byte[][] Methods =
        [.. "GET ,HEAD ,POST ,PUT ,DELETE ,OPTIONS ,PATCH ,CONNECT ,TRACE ,PRI * HTTP".Split(',').Select(Encoding.ASCII.GetBytes)];

    /// <summary>The whole answer; the connection is closed after it.</summary>
    public static ReadOnlyMemory<byte> Answer { get; } = Encoding.ASCII.GetBytes(
        $"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: {Advice.Length}\r\nConnection: close\r\n\r\n{Advice}");

    /// <summary>True when the bytes are, or begin to be, an HTTP request line.</summary>
    public static bool IsRequest(ReadOnlySpan<byte> bytes)
    {
        foreach (var method in Methods)
        {
            var length = Math.Min(method.Length, bytes.Length);
            if (length > 0 && bytes[..length].SequenceEqual(method.AsSpan(0, length))) return true;
        }

        return false;
    }
}
