using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Gateway.Transport.Tls;

/// <summary>A TLS connection (RFC 8446, RFC 5246) over another duplex, which it owns.</summary>
public sealed class TlsDuplex : Duplex
{
    /// <summary>The content type of a handshake record (RFC 8446 section 5.1): the first byte of every TLS client.</summary>
    public const byte FirstByte = 0x16;

    private const SslProtocols Versions = SslProtocols.Tls12 | SslProtocols.Tls13;

    private readonly Duplex _carrier;
    private readonly SslStream _tls;
    private bool _ended;

    private TlsDuplex(Duplex carrier, SslStream tls) => (_carrier, _tls) = (carrier, tls);

    /// <inheritdoc/>
    public override EndPoint? Remote => _carrier.Remote;

    /// <inheritdoc/>
    public override bool StaysOnPoller
    {
        get => _carrier.StaysOnPoller;
        set => _carrier.StaysOnPoller = value;
    }

    /// <summary>Takes a client's handshake. The deadline is the caller's; the carrier is closed when it fails.</summary>
    /// <exception cref="IOException">The client does not speak TLS as it should, or left.</exception>
    public static Task<TlsDuplex> AcceptAsync(Duplex carrier, SslStreamCertificateContext certificate, CancellationToken stop) =>
        ShakeAsync(carrier, tls => tls.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificateContext = certificate, EnabledSslProtocols = Versions, AllowRenegotiation = false }, stop));

    /// <summary>
    /// Offers a handshake. The server is who it should be when its key has one of these pins and its certificate is within its dates;
    /// without pins, when the machine's trusted authorities say so for <paramref name="host"/>. The carrier is closed when it is not.
    /// </summary>
    /// <exception cref="IOException">The server is another, does not speak TLS as it should, or left.</exception>
    public static Task<TlsDuplex> ConnectAsync(Duplex carrier, string host, IReadOnlyList<KeyPin> pins, TimeProvider time, CancellationToken stop)
    {
        string? distrust = null;
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = host,
            EnabledSslProtocols = Versions,
            AllowRenegotiation = false,
            // With a pin nobody is asked whom this machine trusts, and nothing is fetched for that.
            CertificateChainPolicy = pins.Count == 0 ? null : new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true },
            RemoteCertificateValidationCallback = (_, certificate, _, errors) => (distrust = Distrust(certificate as X509Certificate2, errors, pins, time)) is null,
        };
        return ShakeAsync(carrier, tls => tls.AuthenticateAsClientAsync(options, stop), () => distrust);
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken stop)
    {
        try
        {
            return await _tls.ReadAsync(buffer, stop);
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw new IOException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        try
        {
            await _tls.WriteAsync(bytes, stop);
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw new IOException(e.Message, e);
        }
    }

    /// <summary>Says that nothing more comes (close_notify, RFC 8446 section 6.1) and ends our direction of the carrier.</summary>
    public override async ValueTask EndAsync(CancellationToken stop)
    {
        if (_ended) return;
        _ended = true;
        try
        {
            await _tls.ShutdownAsync().WaitAsync(stop);
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw new IOException(e.Message, e);
        }

        await _carrier.EndAsync(stop);
    }

    /// <inheritdoc/>
    public override void Reset() => _carrier.Reset();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        // The carrier first: it wakes whoever still reads or writes, and a stream that is in use must not be disposed.
        await _carrier.DisposeAsync();
        await _tls.DisposeAsync();
    }

    private static async Task<TlsDuplex> ShakeAsync(Duplex carrier, Func<SslStream, Task> shake, Func<string?>? why = null)
    {
        var tls = new SslStream(new DuplexStream(carrier));
        try
        {
            await shake(tls);
            return new TlsDuplex(carrier, tls);
        }
        catch (Exception e) when (IsBroken(e))
        {
            await carrier.DisposeAsync();
            await tls.DisposeAsync();
            throw new IOException(why?.Invoke() ?? $"no TLS connection: {e.Message}", e);
        }
        catch (OperationCanceledException)
        {
            await carrier.DisposeAsync();
            await tls.DisposeAsync();
            throw;
        }
    }

    /// <summary>Why the server is not believed; null when it is.</summary>
    private static string? Distrust(X509Certificate2? certificate, SslPolicyErrors errors, IReadOnlyList<KeyPin> pins, TimeProvider time)
    {
        if (certificate is null) return "the gateway shows no certificate";
        if (pins.Count == 0) return errors == SslPolicyErrors.None ? null : $"the gateway's certificate is not trusted here ({errors}): give its pin, which 'gateway reserve tunnel' prints";
        var shown = KeyPin.Of(certificate);
        if (!pins.Contains(shown)) return $"the gateway's key is {shown}, not the one that was pinned: somebody may stand between, or the gateway has a new key";
        var now = time.GetUtcNow();
        return now >= certificate.NotBefore && now <= certificate.NotAfter ? null : $"the gateway's certificate is valid from {certificate.NotBefore:u} to {certificate.NotAfter:u} only";
    }

    private static bool IsBroken(Exception e) => e is IOException or AuthenticationException or ObjectDisposedException;
}
