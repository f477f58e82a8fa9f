using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gateway.Transport.Tls;

namespace Gateway.Router.Tunnelling;

/// <summary>
/// The certificate of the tunnel port: the operator's, or one that the node makes at its first start and keeps. Clients know the
/// node by the pin of its key, so the one we make is signed by itself and has no end.
/// </summary>
internal sealed class TunnelCertificate
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private TunnelCertificate(X509Certificate2 own, X509Certificate2Collection chain)
    {
        Context = SslStreamCertificateContext.Create(own, chain, offline: true);
        Pin = KeyPin.Of(own);
        NotAfter = new DateTimeOffset(own.NotAfter.ToUniversalTime());
    }

    /// <summary>What a TLS server shows.</summary>
    public SslStreamCertificateContext Context { get; }

    /// <summary>What clients pin.</summary>
    public KeyPin Pin { get; }

    /// <summary>After this it is no good to clients that check more than the pin.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>Reads the operator's certificate, or the kept one, or makes one. <paramref name="keep"/> null: made and not kept. The fault is one line.</summary>
    public static bool TryTake(RouterOptions options, string? keep, out TunnelCertificate certificate, out string fault)
    {
        (certificate, fault) = (null!, "");
        var path = options.TunnelCertificate.Length > 0 ? options.TunnelCertificate : keep;
        try
        {
            if (path is not null && path == keep && !File.Exists(path)) Keep(Make(), path);
            certificate = path is null ? Read(Make(), null) : Read(File.ReadAllText(path), options.TunnelKey.Length > 0 ? File.ReadAllText(options.TunnelKey) : null);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = $"tunnel_certificate: '{path}' cannot be used: {e.Message}";
        }
        catch (CryptographicException e)
        {
            fault = $"tunnel_certificate: '{path}' does not hold a certificate and its key in PEM: {e.Message}";
        }

        return false;
    }

    private static TunnelCertificate Read(string pem, string? keyPem)
    {
        var own = X509Certificate2.CreateFromPem(pem, keyPem ?? pem);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(pem);
        return new TunnelCertificate(own, chain);
    }

    private static string Make()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=gateway", key, HashAlgorithmName.SHA256);
        // RFC 5280 section 4.1.2.5: these two dates mean "no well-defined end", and a beginning that no wrong clock comes before.
        using var certificate = request.CreateSelfSigned(new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(9999, 12, 31, 23, 59, 59, TimeSpan.Zero));
        return certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    // Beside it first: a crash must not leave half a key under the name that the next start reads.
    private static void Keep(string pem, string path)
    {
        var beside = path + ".new";
        File.Delete(beside);
        using (var file = new StreamWriter(beside, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
            file.Write(pem);
        File.Move(beside, path);
    }
}
