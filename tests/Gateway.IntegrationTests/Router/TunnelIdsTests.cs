using Gateway.IntegrationTests.Cli.Expose;
using Gateway.Transport.Yamux;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>Sessions that have had nearly as many visitors as the protocol counts.</summary>
public sealed class TunnelIdsTests
{
    private const string Name = "hello.gw.test";
    private const string Secret = "7:hush";

    [Fact]
    public async Task A_session_whose_stream_ids_run_out_is_followed_by_another_and_its_visitors_finish()
    {
        await using var service = TestService.Echo();
        await using var router = new RouterHarness(options => (options.FirstStream, options.TunnelDirect) = (uint.MaxValue - (2 * StreamTable.Reserve) - 3, false));
        router.Tunnel(Name, RunningClient.Secret);
        await using var client = new RunningClient(RunningClient.Options(service.Port, router.Tunnels.Port));
        await router.LineAsync("tunnel 1", "is up");
        using var first = await TlsVisitor.OpenAsync(router, Name);
        using var second = await TlsVisitor.OpenAsync(router, Name);
        await router.LineAsync("tunnel 2", "is up");
        using (await TlsVisitor.OpenAsync(router, Name))
        {
        }

        await router.LineAsync("TLS", Name, "tunnel 2");
        foreach (var visitor in new[] { first, second })
        {
            await visitor.SendAllAsync("more"u8.ToArray());
            Assert.Equal("more"u8.ToArray(), await visitor.ReceiveExactlyAsync(4));
            visitor.Dispose();
        }

        await router.LineAsync("tunnel 1", "ended", "Retired");
    }

    [Fact]
    public async Task A_client_that_stays_until_its_stream_ids_are_used_up_is_closed()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness(options => options.FirstStream = uint.MaxValue - 3);
        router.Tunnel(Name, Secret);
        await using var client = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await router.LineAsync("tunnel 1", "is up");
        using var first = await TlsVisitor.OpenAsync(router, Name);
        Assert.False(client.Ended.IsCompleted);
        using var second = await TlsVisitor.OpenAsync(router, Name);
        await client.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(client.IsSentAway);
        await router.LineAsync("tunnel 1", "ended", "Retired");
    }
}
