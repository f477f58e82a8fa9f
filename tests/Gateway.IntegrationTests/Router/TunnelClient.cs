using System.Net;
using Gateway.Model;
using Gateway.Transport;
using Gateway.Transport.Handshakes;
using Gateway.Transport.Yamux;

namespace Gateway.IntegrationTests.Router;

/// <summary>A tunnel client: it dials the router, proves a secret, and carries visitors to a local server.</summary>
internal sealed class TunnelClient : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly YamuxSession _session;
    private readonly IPEndPoint _local;
    private readonly Task<YamuxEnd> _running;
    private Task _serving = Task.CompletedTask;
    private int _visitors;

    private TunnelClient(YamuxSession session, IPEndPoint local)
    {
        (_session, _local) = (session, local);
        _running = session.RunAsync(_stop.Token);
    }

    /// <summary>How many visitors came through this client.</summary>
    public int Visitors => Volatile.Read(ref _visitors);

    /// <summary>How many visitors are in it now.</summary>
    public int Streams => _session.Streams;

    /// <summary>Ends when the router says that the session is about to end.</summary>
    public Task GoingAway => _session.GoingAway;

    /// <summary>The router has said go-away.</summary>
    public bool IsSentAway => _session.PeerGoesAway;

    /// <summary>Ends when the session does.</summary>
    public Task<YamuxEnd> Ended => _running;

    public static async Task<TunnelClient> ConnectAsync(RouterHarness router, string secret, IPEndPoint local)
    {
        var carrier = await SocketDuplex.ConnectAsync(router.Tunnels, CancellationToken.None);
        var client = new TunnelClient(new YamuxSession(carrier, YamuxRole.Client, YamuxOptions.Default, TimeProvider.System), local);
        await TunnelHandshake.OfferAsync(client._session, new Secret(secret), CancellationToken.None);
        client._serving = client.ServeAsync();
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _serving;
        await _session.DisposeAsync();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        var visits = new List<Task>();
        while (await _session.AcceptAsync(CancellationToken.None) is { } visitor)
        {
            Interlocked.Increment(ref _visitors);
            visits.Add(VisitAsync(visitor));
        }

        await Task.WhenAll(visits);
    }

    private async Task VisitAsync(YamuxStream visitor)
    {
        await using (visitor)
        {
            try
            {
                await using var local = await SocketDuplex.ConnectAsync(_local, _stop.Token);
                await Relay.RunAsync(visitor, default, local, RelayOptions.Default, _stop.Token);
            }
            catch (IOException)
            {
                visitor.Reset();
            }
        }
    }
}
