using System.Net;
using Gateway.IntegrationTests.Support;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>A hundred clients with one secret dial at the same moment, again and again, while those who were let in before leave.</summary>
public sealed class TunnelRaceTests
{
    private const string Name = "hello.gw.test";
    private const string Secret = "7:hush";
    private const int Clients = 100;
    private const int PerSecret = 2;
    private const int Rounds = 40;

    [Fact, Trait("adv", "T2")]
    public async Task Of_a_hundred_clients_at_once_as_many_are_held_as_may_be_and_they_alone_get_visitors()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness(options =>
            (options.TunnelsPerSecret, options.TunnelsPerAddress, options.TunnelHandshakesPerSecond, options.TunnelHandshakesPerAddress) = (PerSecret, 10 * Clients, 100_000, 100_000));
        router.Tunnel(Name, Secret);
        TunnelClient[] before = [];
        for (var (round, last) = (0, 0L); round < Rounds; round++, last = router.Facts.Max(tunnel => tunnel.Session))
        {
            var leaving = before.Select(client => client.DisposeAsync().AsTask());
            var coming = Enumerable.Range(0, Clients).Select(_ => TryConnectAsync(router, upstream.EndPoint)).ToArray();
            await Task.WhenAll(leaving);
            before = [.. (await Task.WhenAll(coming)).OfType<TunnelClient>()];
            await Eventually.TrueAsync(() => before.Count(client => !client.Ended.IsCompleted) == PerSecret && router.Facts.Count == PerSecret, "as many are left as may be");
            Assert.All(router.Facts, tunnel => Assert.True(tunnel.Session > last, "the newest are held"));
            await AssertServedAsync(router, [.. before.Where(client => !client.Ended.IsCompleted)]);
        }

        foreach (var client in before) await client.DisposeAsync();
        await Eventually.TrueAsync(() => router.Running == 0, "nothing is left");
        Assert.Empty(router.Facts);
        Assert.Equal(Told(router, "is up"), Told(router, "ended"));
    }

    [Fact, Trait("adv", "T2")]
    public async Task A_client_that_comes_while_the_node_begins_to_stop_is_told_as_early_as_the_others()
    {
        for (var round = 0; round < Rounds; round++)
        {
            await using var router = new RouterHarness(options => (options.Drain, options.TunnelsPerSecret, options.TunnelHandshakesPerAddress, options.TunnelHandshakesPerSecond) = (TimeSpan.FromMinutes(1), Clients, 100_000, 100_000));
            router.Tunnel(Name, Secret);
            var coming = Enumerable.Range(0, Clients).Select(_ => TryConnectAsync(router, router.Tls)).ToList();
            await Eventually.TrueAsync(() => router.Facts.Count > round, "some are here");
            var stopping = router.StopAsync();
            var here = (await Task.WhenAll(coming)).OfType<TunnelClient>().ToList();
            // Long before the drain is over.
            foreach (var client in here) await client.GoingAway.WaitAsync(TimeSpan.FromSeconds(20));
            foreach (var client in here) await client.DisposeAsync();
            await stopping.WaitAsync(TimeSpan.FromSeconds(20));
        }
    }

    // Visitors take turns between the sessions that are held, so that each of them is really there.
    private static async Task AssertServedAsync(RouterHarness router, TunnelClient[] held)
    {
        var visitors = await Task.WhenAll(Enumerable.Range(0, PerSecret).Select(_ => TlsVisitor.OpenAsync(router, Name)));
        Assert.All(held, client => Assert.Equal(1, client.Visitors));
        foreach (var visitor in visitors) visitor.Dispose();
    }

    private static int Told(RouterHarness router, string what) => router.Log.Lines.Count(line => line.Contains("tunnel ", StringComparison.Ordinal) && line.Contains(what, StringComparison.Ordinal));

    private static async Task<TunnelClient?> TryConnectAsync(RouterHarness router, IPEndPoint local)
    {
        try
        {
            return await TunnelClient.ConnectAsync(router, Secret, local);
        }
        catch (IOException)
        {
            // Displaced before it had its say.
            return null;
        }
    }
}
