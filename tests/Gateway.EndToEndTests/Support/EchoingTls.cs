using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Gateway.EndToEndTests.Support;

/// <summary>A TLS server of the test's own that gives one octet back, and a visitor who asks it for that.</summary>
internal sealed class EchoingTls : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly X509Certificate2 _certificate = Certify();
    private readonly Task _running;

    public EchoingTls()
    {
        _listener.Start(4096);
        _running = RunAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>One new connection with a handshake and an octet there and back; null, or what went wrong.</summary>
    public static async Task<string?> VisitAsync(IPEndPoint at, string host, TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(at, deadline.Token);
            await using var tls = new SslStream(client.GetStream());
            var anyone = new SslClientAuthenticationOptions { TargetHost = host, RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null };
            await tls.AuthenticateAsClientAsync(anyone, deadline.Token);
            await tls.WriteAsync(new byte[] { 7 }, deadline.Token);
            var buffer = new byte[1];
            return await tls.ReadAsync(buffer, deadline.Token) == 1 && buffer[0] == 7 ? null : "another answer";
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            return e.ToString();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _running;
        _listener.Dispose();
        _certificate.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var visits = new List<Task>();
        try
        {
            while (true) visits.Add(EchoAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(visits);
        }
    }

    private async Task EchoAsync(TcpClient visitor)
    {
        using var owned = visitor;
        try
        {
            await using var tls = new SslStream(visitor.GetStream());
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
            var buffer = new byte[1];
            if (await tls.ReadAsync(buffer, _stop.Token) == 1) await tls.WriteAsync(buffer, _stop.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            // The visitor knows what became of it.
        }
    }

    private static X509Certificate2 Certify()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signed = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(signed.Export(X509ContentType.Pkcs12), null);
    }
}
