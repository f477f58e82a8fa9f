using Gateway.Cli.Expose;
using Gateway.IntegrationTests.Cli.Expose;

namespace Gateway.IntegrationTests.Router;

/// <summary>A router, a service that gives back what it gets, and the client of `gateway expose` between them, which is connected.</summary>
internal sealed class ExposedEcho : IAsyncDisposable
{
    private readonly TestService _service = TestService.Echo();
    private RunningClient? _client;

    private ExposedEcho()
    {
    }

    public RouterHarness Router { get; } = new();

    /// <summary>The options of a client that dials the router's port in plain TCP.</summary>
    private TunnelClientOptions Options => RunningClient.Options(_service.Port, Router.Tunnels.Port);

    public static async Task<ExposedEcho> UpAsync(string name, Func<RouterHarness, TunnelClientOptions, TunnelClientOptions>? with = null)
    {
        var exposed = new ExposedEcho();
        exposed.Router.Tunnel(name, RunningClient.Secret);
        exposed._client = new RunningClient(with?.Invoke(exposed.Router, exposed.Options) ?? exposed.Options);
        try
        {
            await exposed.Router.LineAsync("tunnel 1 ", "is up");
            return exposed;
        }
        catch (Exception)
        {
            await exposed.DisposeAsync();
            throw;
        }
    }

    /// <summary>One more client of the same kind, owned by the caller.</summary>
    public RunningClient Another() => new(Options);

    public async ValueTask DisposeAsync()
    {
        if (_client is not null) await _client.DisposeAsync();
        await Router.DisposeAsync();
        await _service.DisposeAsync();
    }
}
