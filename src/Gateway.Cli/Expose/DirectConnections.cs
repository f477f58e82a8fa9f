using System.Buffers.Binary;
using System.Net;
using Gateway.Transport;
using Gateway.Transport.Handshakes;
using Gateway.Transport.Yamux;

namespace Gateway.Cli.Expose;

/// <summary>
/// Connections that we dial to the gateway ahead of visitors, one for each token that it gives over a session. They wait there without a
/// word; a visitor's header on one of them makes it his, and it lives on when the session does not.
/// </summary>
internal sealed class DirectConnections(LocalApplication application, TunnelClientOptions options, Visits visits, TimeProvider time)
{
    /// <summary>No gateway needs more ready at once for one session.</summary>
    private const int MostReady = 256;

    /// <summary>Often enough for a box on the way that forgets silent connections after half a minute.</summary>
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(10);

    // The whole visit stays on the thread that hears of it: it waits for its two sockets and nothing else.
    private static readonly ConnectOptions Usual = new() { StaysOnPoller = true };

    private static readonly ConnectOptions Narrow = Usual with { IsNarrow = true };

    private int _ready;

    /// <summary>Hears the gateway's notices until the session is over, and dials for each token.</summary>
    public async Task RunAsync(YamuxStream control, bool isNarrow, CancellationToken over)
    {
        try
        {
            while (await TunnelNotice.ReadAsync(control, over) is { } notice)
                if (notice.Kind == NoticeKind.Tokens && control.Remote is IPEndPoint gateway) Dial(gateway, isNarrow ? Narrow : Usual, notice.Content.Span, over);
        }
        catch (IOException)
        {
            // The session is over; its own task says why.
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The same.
        }
    }

    // To the address that the session has: the name may stand for several gateways, and only this one knows the token.
    private void Dial(IPEndPoint gateway, ConnectOptions way, ReadOnlySpan<byte> tokens, CancellationToken over)
    {
        for (; tokens.Length >= DirectPreamble.TokenLength && Volatile.Read(ref _ready) < MostReady; tokens = tokens[DirectPreamble.TokenLength..])
        {
            var token = BinaryPrimitives.ReadUInt128BigEndian(tokens);
            Interlocked.Increment(ref _ready);
            visits.StartHere(() => VisitAsync(gateway, way, token, over));
        }
    }

    private async Task VisitAsync(IPEndPoint gateway, ConnectOptions way, UInt128 token, CancellationToken over)
    {
        try
        {
            await using var visitor = await DialAsync(gateway, way, token, over);
            if (await WaitAsync(visitor, over) is { } opening) await application.CarryAsync(visitor, opening);
        }
        catch (IOException)
        {
            // No connection, or the gateway closed it: visitors come through the session instead.
        }
        catch (OperationCanceledException)
        {
            // Not in time, or the session is over before anybody came.
        }
    }

    private async Task<VisitorOpening?> WaitAsync(SocketDuplex visitor, CancellationToken over)
    {
        try
        {
            return await VisitorOpening.ReadAsync(visitor, options, over);
        }
        finally
        {
            Interlocked.Decrement(ref _ready);
        }
    }

    private async Task<SocketDuplex> DialAsync(IPEndPoint gateway, ConnectOptions way, UInt128 token, CancellationToken over)
    {
        SocketDuplex? connection = null;
        using var deadline = new CancellationTokenSource(options.DialTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over, deadline.Token);
        try
        {
            connection = await SocketDuplex.ConnectAsync(gateway, way, either.Token);
            connection.KeepAlive(KeepAlive);
            await connection.WriteAsync(DirectPreamble.Encode(token), either.Token);
            return connection;
        }
        catch
        {
            Interlocked.Decrement(ref _ready);
            if (connection is not null) await connection.DisposeAsync();
            throw;
        }
    }
}
