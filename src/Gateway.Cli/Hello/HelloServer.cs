using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gateway.Transport;

namespace Gateway.Cli.Hello;

/// <summary>
/// A small web page over HTTP and over TLS, to try a tunnel with: it says by which name and protocol it was reached.
/// One request for each connection.
/// </summary>
internal sealed class HelloServer(X509Certificate2 certificate, TimeProvider time) : IDisposable
{
    /* 64: a page for one person's first five minutes; more wait in the backlog. */
    private const int MaxVisitors = 64;
    private const int MaxRequest = 8192;
    private static readonly TimeSpan VisitDeadline = TimeSpan.FromSeconds(10);

    private Socket? _plain;
    private Socket? _tls;

    /// <summary>Where HTTP is served, once bound.</summary>
    public IPEndPoint Plain => (IPEndPoint)_plain!.LocalEndPoint!;

    /// <summary>Where HTTPS is served, once bound.</summary>
    public IPEndPoint Tls => (IPEndPoint)_tls!.LocalEndPoint!;

    /// <summary>Binds both ports of loopback: HTTP on <paramref name="port"/> (0: any), HTTPS on one that the system chooses. The fault is one line.</summary>
    public bool TryBind(int port, out string fault) =>
        Listening.TryBind(new IPEndPoint(IPAddress.Loopback, port), MaxVisitors, out _plain, out fault)
        && Listening.TryBind(new IPEndPoint(IPAddress.Loopback, 0), MaxVisitors, out _tls, out fault);

    /// <summary>Serves until stopped; both ports must be bound.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(AcceptAsync(_plain!, secure: false, stop), AcceptAsync(_tls!, secure: true, stop));

    /// <inheritdoc/>
    public void Dispose()
    {
        _plain?.Dispose();
        _tls?.Dispose();
    }

    private async Task AcceptAsync(Socket listener, bool secure, CancellationToken stop)
    {
        using var permits = new SemaphoreSlim(MaxVisitors);
        var visits = new List<Task>();
        while (!stop.IsCancellationRequested)
        {
            await permits.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested) break;
            try
            {
                var visitor = await listener.AcceptAsync(stop);
                visits.RemoveAll(visit => visit.IsCompleted);
                visits.Add(VisitAsync(visitor, secure, permits, stop));
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        await Task.WhenAll(visits);
    }

    private async Task VisitAsync(Socket visitor, bool secure, SemaphoreSlim permits, CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(VisitDeadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            await using var raw = new NetworkStream(visitor, ownsSocket: true);
            await using var stream = secure ? await SecureAsync(raw, either.Token) : (Stream)raw;
            var request = await ReadRequestAsync(stream, either.Token);
            await stream.WriteAsync(Encoding.UTF8.GetBytes(Answer(request, secure)), either.Token);
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or OperationCanceledException)
        {
            // The visitor left, or never meant it: nothing to tell a page that counts nobody.
        }
        finally
        {
            permits.Release();
        }
    }

    private async Task<SslStream> SecureAsync(Stream raw, CancellationToken stop)
    {
        var stream = new SslStream(raw);
        await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, stop);
        return stream;
    }

    private static async Task<string> ReadRequestAsync(Stream stream, CancellationToken stop)
    {
        var buffer = new byte[MaxRequest];
        var length = 0;
        while (length < buffer.Length && buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), stop);
            if (read == 0) break;
            length += read;
        }

        return Encoding.Latin1.GetString(buffer, 0, length);
    }

    private static string Answer(string request, bool secure)
    {
        var host = request.Split("\r\n").FirstOrDefault(line => line.StartsWith("Host:", StringComparison.OrdinalIgnoreCase))?[5..].Trim() ?? "nobody";
        var body = $"""
            <!doctype html>
            <meta charset="utf-8">
            <title>Hello from behind the gateway</title>
            <h1>Hello from behind the gateway</h1>
            <p>You asked for <strong>{WebUtility.HtmlEncode(host)}</strong> over {(secure ? "HTTPS, and the certificate is mine" : "HTTP")}.</p>

            """;
        return $"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}";
    }
}
