using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Gateway.Model;

namespace Gateway.Cli.Waiting;

/// <summary>
/// Comes as a visitor by TLS, and hears who answers: the service sends a handshake, or an alert of its own; the gateway the two alerts
/// of docs/routes.md. Certificates are not judged.
/// </summary>
internal static class TlsKnock
{
    /* A record's head (RFC 8446 section 5.1), then an alert's level and description (section 6). */
    private const int RecordHead = 5;
    private const int AlertType = 21;
    private const int UnrecognizedName = 112;
    private const int InternalError = 80;

    /// <summary>One connection to the gateway.</summary>
    public static async Task<Sighting> VisitAsync(IPEndPoint at, DomainName host, TimeSpan patience, CancellationToken stop)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(stop);
        late.CancelAfter(patience);
        using var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(at, late.Token);
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return Closed(at, e);
        }

        await using var first = new FirstOctets(new NetworkStream(socket), RecordHead + 2);
        await ShakeAsync(first, host, late.Token, stop);
        return Judge(first.Seen, at, host);
    }

    /// <summary>What the first octets of the answer say.</summary>
    public static Sighting Judge(ReadOnlySpan<byte> seen, IPEndPoint at, DomainName host)
    {
        if (seen.Length == 0) return new Sighting("upstream_timeout", $"{at} took a visitor of {host} by TLS, and nobody answered him.");
        if (seen[0] != AlertType || seen.Length < RecordHead + 2) return Sighting.Up;
        return seen[RecordHead + 1] switch
        {
            UnrecognizedName => new Sighting("unknown_host", $"The gateway at {at} has no route for {host} by TLS."),
            InternalError => new Sighting("upstream_refused", $"The gateway at {at} has a route for {host}, but nobody behind it answers by TLS: is the service running, or 'gateway expose'?"),
            _ => Sighting.Up,
        };
    }

    /// <summary>Nobody listens, or nobody can be reached.</summary>
    public static Sighting Closed(IPEndPoint at, Exception why) =>
        new("entrance_closed", $"{at} cannot be reached ({(why is SocketException it ? it.SocketErrorCode.ToString() : "no answer in time")}): is that an address of the gateway, and the port open?");

    private static async Task ShakeAsync(FirstOctets first, DomainName host, CancellationToken late, CancellationToken stop)
    {
        await using var tls = new SslStream(first, leaveInnerStreamOpen: true);
        // Whoever answers may show what he likes: the question is only whether somebody does.
        var anyone = new SslClientAuthenticationOptions { TargetHost = host.ToString(), RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null };
        try
        {
            await tls.AuthenticateAsClientAsync(anyone, late);
        }
        catch (Exception e) when (e is AuthenticationException or IOException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            // What came before says it all.
        }
    }
}
