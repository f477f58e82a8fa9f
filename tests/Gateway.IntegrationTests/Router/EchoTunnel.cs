using System.Net;

namespace Gateway.IntegrationTests.Router;

/// <summary>A router, an upstream that gives back what it gets, and a tunnel between them that is up: where most stories of tunnels begin.</summary>
internal sealed class EchoTunnel : IAsyncDisposable
{
    private readonly Upstream _upstream = Upstream.Echo();

    private TunnelClient? _client;

    private EchoTunnel()
    {
    }

    public RouterHarness Router { get; } = new();

    public TunnelClient Client => _client!;

    /// <summary>Where the upstream is.</summary>
    public IPEndPoint EndPoint => _upstream.EndPoint;

    public static async Task<EchoTunnel> UpAsync(string name, string secret)
    {
        var tunnel = new EchoTunnel();
        tunnel.Router.Tunnel(name, secret);
        try
        {
            tunnel._client = await tunnel.ConnectAsync(secret);
            await tunnel.Router.LineAsync("tunnel 1", "is up");
            return tunnel;
        }
        catch (Exception)
        {
            await tunnel.DisposeAsync();
            throw;
        }
    }

    /// <summary>One more client for the same upstream, owned by the caller.</summary>
    public Task<TunnelClient> ConnectAsync(string secret) => TunnelClient.ConnectAsync(Router, secret, EndPoint);

    public async ValueTask DisposeAsync()
    {
        if (_client is not null) await _client.DisposeAsync();
        await Router.DisposeAsync();
        await _upstream.DisposeAsync();
    }
}
