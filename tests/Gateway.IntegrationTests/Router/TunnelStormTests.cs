using System.Net;
using Gateway.Cli.Expose;
using Gateway.IntegrationTests.Cli.Expose;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Router;
using Gateway.UnitTests.Router;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>A node with a thousand tunnel clients starts anew: they come back in turn, and whoever has another session is served all the while.</summary>
public sealed class TunnelStormTests
{
    private const int Clients = 1000;
    private const string Name = "hello.gw.test";

    [Fact, Trait("adv", "T5")]
    public async Task A_thousand_clients_are_back_within_a_minute_of_a_restart_and_a_second_session_serves_meanwhile()
    {
        await using var service = TestService.Echo();
        await using var other = new RouterHarness();
        other.Tunnel(Name, RunningClient.Secret);
        var first = new RouterHarness(Roomy);
        var at = first.Tunnels;
        first.Tunnel(Name, RunningClient.Secret);
        var swarm = Enumerable.Range(0, Clients).Select(number => new RunningClient(Options(service.Port, number == 0 ? [at, other.Tunnels] : [at]))).ToArray();
        try
        {
            await Eventually.TrueAsync(() => first.Facts.Count == Clients, "all are there");
            await Eventually.TrueAsync(() => other.Facts.Count == 1, "one has a second session");
            await first.DisposeAsync();
            await using var second = new RouterHarness(options => Roomy(options, at));
            second.Tunnel(Name, RunningClient.Secret);
            var served = 0;
            await Eventually.TrueAsync(
                async () =>
                {
                    Assert.Equal(Hello.For(Name), await AskAsync(other));
                    served++;
                    return second.Facts.Count == Clients;
                },
                "all are back",
                TimeSpan.FromSeconds(60));
            Assert.True(served > 1);
        }
        finally
        {
            await Task.WhenAll(swarm.Select(client => client.DisposeAsync().AsTask()));
        }
    }

    private static void Roomy(RouterOptions options) => (options.TunnelsPerAddress, options.TunnelsPerSecret) = (2 * Clients, 2 * Clients);

    private static void Roomy(RouterOptions options, IPEndPoint at)
    {
        Roomy(options);
        options.TunnelListen = [at];
    }

    // With the pauses that users have.
    private static TunnelClientOptions Options(int local, IPEndPoint[] gateways) =>
        RunningClient.Options(local, [.. gateways.Select(gateway => gateway.Port)]) with { LongestPause = new TunnelClientOptions { Remotes = [], Secret = new Secret("x"), Local = new HostPort("x", 1) }.LongestPause };

    private static async Task<byte[]> AskAsync(RouterHarness router)
    {
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        var hello = Hello.For(Name);
        await visitor.SendAllAsync(hello);
        return await visitor.ReceiveExactlyAsync(hello.Length);
    }
}
