using System.Globalization;
using System.Text;
using Gateway.Model.ExplorerApi;

namespace Gateway.Explorer.Http;

/// <summary>What a handler answers: a status, the octets of the body, and a few headers. Made in one piece, sent by <see cref="ExplorerApplication"/>.</summary>
internal sealed record ApiAnswer(int Status, ReadOnlyMemory<byte> Body, string ContentType = ApiAnswer.Json)
{
    public const string Json = "application/json";

    private const string PlainText = "text/plain; charset=utf-8";

    // Both versions end every JSON body with a line feed.
    private static readonly byte[] NullBody = "null\n"u8.ToArray();

    /// <summary>Headers beside the content type.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>A method that the path does not know: 405, nothing else.</summary>
    public static ApiAnswer MethodNotAllowed { get; } = new(405, ReadOnlyMemory<byte>.Empty, "");

    /// <summary>A path that nobody serves, as the original router answers it.</summary>
    public static ApiAnswer NoSuchPath { get; } = new(404, "404 page not found\n"u8.ToArray(), PlainText) { Headers = [("X-Content-Type-Options", "nosniff")] };

    /// <summary>One object.</summary>
    public static ApiAnswer Of<T>(T value, int status = 200) => Raw(ExplorerJson.Write(value), status);

    /// <summary>An object that is JSON already.</summary>
    public static ApiAnswer Raw(ReadOnlySpan<byte> json, int status = 200) => new(status, (byte[])[.. json, (byte)'\n']);

    /// <summary>Success without an object.</summary>
    public static ApiAnswer Null(int status) => new(status, NullBody);

    /// <summary>An error of the original's form.</summary>
    public static ApiAnswer Error(int status, string message) => Of(new ErrorBody { Error = message }, status);

    /// <summary>Somebody asks too much at once, and may ask again after so many seconds.</summary>
    public static ApiAnswer SlowDown(string limit, int seconds) =>
        Error(429, $"{limit}: slow down") with { Headers = [("Retry-After", seconds.ToString(CultureInfo.InvariantCulture))] };

    /// <summary>A signature is missing or wrong.</summary>
    public static ApiAnswer Unauthorized(string reason) =>
        Error(401, $"unauthorized access: {reason}") with { Headers = [("WWW-Authenticate", HttpSignature.Challenge)] };

    /// <summary>Objects that are JSON already, as a list.</summary>
    public static ApiAnswer List(IReadOnlyCollection<ReadOnlyMemory<byte>> items, params IReadOnlyList<(string Name, string Value)> headers)
    {
        var body = new byte[items.Sum(item => item.Length + 1) + (items.Count == 0 ? 3 : 2)];
        body[0] = (byte)'[';
        var at = 1;
        foreach (var item in items)
        {
            if (at > 1) body[at++] = (byte)',';
            item.Span.CopyTo(body.AsSpan(at));
            at += item.Length;
        }

        body[at] = (byte)']';
        body[at + 1] = (byte)'\n';
        return new ApiAnswer(200, body) { Headers = headers };
    }

    /// <summary>The body as text, for logs and tests.</summary>
    public override string ToString() => $"{Status} {Encoding.UTF8.GetString(Body.Span)}";
}
