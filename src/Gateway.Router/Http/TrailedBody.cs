using System.Buffers;
using System.IO.Pipelines;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Gateway.Router.Http;

/// <summary>
/// The body of an answer that may have trailers, in chunks of our own (RFC 9112 section 7.1): Kestrel sends no trailers over HTTP/1.1, but
/// leaves the body alone of an answer whose Transfer-Encoding somebody else has set. An answer that lost that again, because a refusal
/// took its place, is written as it is.
/// </summary>
internal sealed class TrailedBody : Stream
{
    // Size lines of eight digits are enough for what is written at once.
    private const int LongestSize = 8 + 2;

    private readonly HttpResponse _response;
    private readonly PipeWriter _visitor;

    private TrailedBody(HttpResponse response) => (_response, _visitor) = (response, response.BodyWriter);

    /// <summary>
    /// Writes an answer's body so where trailers may follow: its upstream announces them, or the visitor takes some, and it is in chunks
    /// at both ends. Elsewhere there are none, and none are announced.
    /// </summary>
    public static void Begin(HttpContext context, HttpResponseMessage answer)
    {
        var isAnnounced = answer.Headers.NonValidated.Contains("Trailer");
        if ((isAnnounced || IsTakenBy(context.Request)) && answer.Headers.TransferEncodingChunked == true && MayBeInChunks(context))
        {
            context.Response.Headers.TransferEncoding = "chunked";
            context.Response.Body = new TrailedBody(context.Response);
        }
        else if (isAnnounced) context.Response.Headers.Remove("Trailer");
    }

    /// <summary>True when the visitor takes trailers (RFC 9110 section 10.1.4).</summary>
    public static bool IsTakenBy(HttpRequest request) =>
        request.Headers.TE.Count > 0 && request.Headers.GetCommaSeparatedValues("TE").Any(it => it.Equals("trailers", StringComparison.OrdinalIgnoreCase));

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    private bool IsInChunks => _response.Headers.TransferEncoding.Count > 0;

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty) return;
        await BeginAsync(cancellationToken);
        if (IsInChunks) WriteChunk(buffer.Span);
        else _visitor.Write(buffer.Span);
        await _visitor.FlushAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>The last chunk, and the trailers behind it. The HTTP client has left out those that may not be trailers (RFC 9110 section 6.5.1).</summary>
    public async ValueTask EndAsync(HttpHeaders trailers)
    {
        var end = new StringBuilder("0\r\n");
        foreach (var (name, values) in trailers.NonValidated)
            foreach (var value in values)
                if (!value.Any(it => char.IsControl(it) && it != '\t')) end.Append(name).Append(": ").Append(value).Append("\r\n");
        // A visitor who does not take them is cut like any other: no deadline of the forwarder's, which has all it waited for.
        await BeginAsync(CancellationToken.None);
        _visitor.Write(Encoding.Latin1.GetBytes(end.Append("\r\n").ToString()));
        await _visitor.FlushAsync(CancellationToken.None);
    }

    /// <inheritdoc/>
    public override async Task FlushAsync(CancellationToken cancellationToken) => await _visitor.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override void Flush() => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    private static bool MayBeInChunks(HttpContext context) =>
        HttpProtocol.IsHttp11(context.Request.Protocol) && !HttpMethods.IsHead(context.Request.Method)
        && context.Response.StatusCode is >= 200 and not (StatusCodes.Status204NoContent or StatusCodes.Status304NotModified);

    // Before the header is out Kestrel has no room for a body.
    private Task BeginAsync(CancellationToken stop) => _response.HasStarted ? Task.CompletedTask : _response.StartAsync(stop);

    private void WriteChunk(ReadOnlySpan<byte> bytes)
    {
        var size = _visitor.GetSpan(LongestSize);
        bytes.Length.TryFormat(size, out var digits, "X");
        "\r\n"u8.CopyTo(size[digits..]);
        _visitor.Advance(digits + 2);
        _visitor.Write(bytes);
        _visitor.Write("\r\n"u8);
    }
}
