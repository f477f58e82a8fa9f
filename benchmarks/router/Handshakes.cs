using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Gateway.RouterBenchmark;

/// <summary>Full TLS 1.3 handshakes between visitors and the backend, with a certificate of the moment and no resumption.</summary>
internal static class Handshakes
{
    private static readonly Lazy<SslServerAuthenticationOptions> Server = new(() => new SslServerAuthenticationOptions
    {
        ServerCertificate = Certificate(),
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = false,
    });

    private static readonly SslClientAuthenticationOptions Client = new()
    {
        TargetHost = "handshake.bench",
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = false,
#pragma warning disable CA5359 // The certificate is the backend's own, made when it started; nobody else is on this loopback.
        RemoteCertificateValidationCallback = static (_, _, _, _) => true,
#pragma warning restore CA5359
    };

    /// <summary>The backend's side: a handshake, one byte, and the wait for the end.</summary>
    public static void Serve(Socket visitor)
    {
        using var tls = new SslStream(new NetworkStream(visitor));
        tls.AuthenticateAsServer(Server.Value);
        tls.WriteByte((byte)'!');
        tls.ReadByte();
    }

    /// <summary>The visitor's side: a handshake, and the byte that ends it.</summary>
    public static void Visit(Socket socket)
    {
        using var tls = new SslStream(new NetworkStream(socket));
        tls.AuthenticateAsClient(Client);
        tls.ReadByte();
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        return new CertificateRequest("CN=handshake.bench", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
