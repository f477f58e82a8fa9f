using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>Ways to visit the HTTP port.</summary>
internal static class HttpVisitors
{
    /// <summary>An HTTP client that finds every host at the router.</summary>
    public static HttpClient Client(this RouterHarness router) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = async (_, _) => new NetworkStream(await RouterHarness.ConnectAsync(router.Http), ownsSocket: true),
    })
    {
        Timeout = TimeSpan.FromMinutes(2),
    };
}

/// <summary>HTTP/1.1 by hand, for what no proper client would send.</summary>
internal static class RawHttp
{
    /// <summary>Sends the bytes as they are and reads one answer: headers, and a body by its length or its chunks.</summary>
    public static async Task<string> AskAsync(Socket visitor, string request)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        await visitor.SendAllAsync(Encoding.Latin1.GetBytes(request), deadline.Token);
        var head = await ReadUntilAsync(visitor, "\r\n\r\n", deadline.Token);
        if (head.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase)) return head + await ReadUntilAsync(visitor, "0\r\n\r\n", deadline.Token);
        var mark = head.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
        if (mark < 0) return head;
        var length = int.Parse(head[(mark + 16)..head.IndexOf('\r', mark)], System.Globalization.CultureInfo.InvariantCulture);
        return head + Encoding.Latin1.GetString(await visitor.ReceiveExactlyAsync(length, deadline.Token));
    }

    private static async Task<string> ReadUntilAsync(Socket visitor, string end, CancellationToken stop)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (text.Length < end.Length || text.ToString(text.Length - end.Length, end.Length) != end)
        {
            if (await visitor.ReceiveAsync(one, stop) == 0) throw new IOException($"ended after: {text}");
            text.Append((char)one[0]);
        }

        return text.ToString();
    }
}

/// <summary>A body that is made while it is sent, and checked while it comes back.</summary>
internal static class LargeBody
{
    /// <summary>A tenant's server that checks what it is sent and says how much it was, and sends as much as it is asked for.</summary>
    public static Task<WebUpstream> ServeAsync() => WebUpstream.StartAsync(async context =>
    {
        if (HttpMethods.IsPost(context.Request.Method)) await context.Response.WriteAsync($"{await Pattern.CheckAsync(context.Request.Body)}");
        else await new Pattern(long.Parse(context.Request.Query["size"]!, System.Globalization.CultureInfo.InvariantCulture)).CopyToAsync(context.Response.Body, context.RequestAborted);
    });

    public static async Task UpAsync(RouterHarness router, string host, long size)
    {
        using var client = router.Client();
        using var answer = await client.PostAsync(new Uri($"http://{host}/"), new StreamContent(new Pattern(size)));
        Assert.Equal($"{size}", await answer.Content.ReadAsStringAsync());
    }

    public static async Task DownAsync(RouterHarness router, string host, long size)
    {
        using var client = router.Client();
        await using var body = await client.GetStreamAsync(new Uri($"http://{host}/?size={size}"));
        Assert.Equal(size, await Pattern.CheckAsync(body));
    }

    private sealed class Pattern(long size) : Stream
    {
        private long _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => _at;
            set => throw new NotSupportedException();
        }

        public static async Task<long> CheckAsync(Stream body)
        {
            var buffer = new byte[128 * 1024];
            long at = 0;
            int read;
            while ((read = await body.ReadAsync(buffer)) > 0)
                for (var i = 0; i < read; i++)
                    if (buffer[i] != ByteAt(at++)) Assert.Fail($"byte {at - 1} is wrong");
            return at;
        }

        public override int Read(Span<byte> buffer)
        {
            var count = (int)Math.Min(buffer.Length, size - _at);
            for (var i = 0; i < count; i++) buffer[i] = ByteAt(_at++);
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private static byte ByteAt(long at) => (byte)(at * 31 >> 3);
    }
}

/// <summary>Both ends of a web socket.</summary>
internal static class WebSockets
{
    public static async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[16 * 1024];
        while (await socket.ReceiveAsync(buffer, context.RequestAborted) is { MessageType: not WebSocketMessageType.Close } piece)
            await socket.SendAsync(buffer.AsMemory(0, piece.Count), piece.MessageType, piece.EndOfMessage, context.RequestAborted);
    }

    public static async Task<ClientWebSocket> ConnectAsync(RouterHarness router, string host)
    {
        var socket = new ClientWebSocket();
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = async (_, _) => new NetworkStream(await RouterHarness.ConnectAsync(router.Http), ownsSocket: true),
        });
        await socket.ConnectAsync(new Uri($"ws://{host}/"), invoker, CancellationToken.None);
        return socket;
    }

    /// <summary>Sends so many bytes and reads them back meanwhile, and checks each.</summary>
    public static async Task EchoAsync(ClientWebSocket socket, long size)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2), TimeProvider.System);
        var sending = Task.Run(async () =>
        {
            var piece = new byte[64 * 1024];
            for (long at = 0; at < size; at += piece.Length)
            {
                for (var i = 0; i < piece.Length; i++) piece[i] = (byte)((at + i) * 7 >> 3);
                await socket.SendAsync(piece, WebSocketMessageType.Binary, true, deadline.Token);
            }
        });
        var buffer = new byte[64 * 1024];
        for (long at = 0; at < size;)
        {
            var count = (await socket.ReceiveAsync(buffer.AsMemory(), deadline.Token)).Count;
            for (var i = 0; i < count; i++)
                if (buffer[i] != (byte)((at + i) * 7 >> 3)) Assert.Fail($"byte {at + i} came back wrong");
            at += count;
        }

        await sending;
    }

    public static async Task<string> AskAsync(ClientWebSocket socket, string text)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, deadline.Token);
        var answer = new StringBuilder();
        var buffer = new byte[16 * 1024];
        ValueWebSocketReceiveResult piece;
        do
        {
            piece = await socket.ReceiveAsync(buffer.AsMemory(), deadline.Token);
            answer.Append(Encoding.UTF8.GetString(buffer, 0, piece.Count));
        }
        while (!piece.EndOfMessage);
        return answer.ToString();
    }
}
