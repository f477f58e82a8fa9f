using System.Net;
using System.Security.Cryptography;
using Gateway.IntegrationTests.Support;
using Gateway.Transport.Yamux;
using Gateway.UnitTests.Router;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>Who is let in on the tunnel port, and who has to leave.</summary>
public sealed class TunnelAdmissionTests
{
    private const string Name = "hello.gw.test";
    private const string Secret = "7:hush";

    [Fact, Trait("adv", "T2")]
    public async Task Sessions_share_a_secret_and_one_too_many_displaces_the_oldest()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness(options => options.TunnelsPerSecret = 2);
        router.Tunnel(Name, Secret);
        await using var first = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await router.LineAsync("tunnel 1", "is up");
        await using var second = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await router.LineAsync("tunnel 2", "is up");
        var visitors = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => TlsVisitor.OpenAsync(router, Name)));
        Assert.Equal((3, 3), (first.Visitors, second.Visitors));
        await using var third = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await first.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        await router.LineAsync("tunnel 1", "Displaced");
        foreach (var visitor in visitors) visitor.Dispose();
        using var last = await TlsVisitor.OpenAsync(router, Name);
    }

    [Fact, Trait("adv", "T7")]
    public async Task A_stranger_is_closed_without_learning_anything()
    {
        await using var router = new RouterHarness(options => options.HandshakeTimeout = TimeSpan.FromMilliseconds(500));
        router.Tunnel(Name, Secret);
        await using var guess = await TunnelClient.ConnectAsync(router, "7:guess", router.Tls);
        await guess.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(guess.IsSentAway);
        await router.LineAsync("unknown secret");
        byte[][] tongues = ["GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), "SSH-2.0-x\r\n"u8.ToArray(), Hello.For(Name), RandomNumberGenerator.GetBytes(500), []];
        foreach (var tongue in tongues)
        {
            using var stranger = await RouterHarness.ConnectAsync(router.Tunnels);
            await stranger.SendAllAsync(tongue);
            // Nothing but a go-away, a ping, silence, or what any TLS server says to a hello; never a word about secrets.
            var heard = await stranger.HearAsync();
            if (tongue is []) Assert.Equal(YamuxSession.GoAwayFrame.ToArray(), heard);
            Assert.True(heard.Length <= 36 || (tongue is [0x16, ..] && heard[0] is 0x15 or 0x16), Convert.ToHexString(heard));
        }

        Assert.Equal(tongues.Length + 1, router.Log.Lines.Count(line => line.Contains("turned away", StringComparison.Ordinal)));
        Assert.DoesNotContain(router.Log.Lines, line => line.Contains("guess", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Clients_from_one_address_are_limited_and_leave_room_when_they_go()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness(options => options.TunnelsPerAddress = 1);
        router.Tunnel(Name, Secret);
        await using (await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint))
        {
            await router.LineAsync("tunnel 1", "is up");
            using var crowded = await RouterHarness.ConnectAsync(router.Tunnels);
            Assert.Equal(YamuxSession.GoAwayFrame.ToArray(), await crowded.HearAsync());
            await router.LineAsync("crowded");
        }

        await Eventually.TrueAsync(() => router.Log.Lines.Any(line => line.Contains("tunnel 1", StringComparison.Ordinal) && line.Contains("ended", StringComparison.Ordinal)), "the first left");
        // Its place is free a moment after the line.
        TunnelClient? second = null;
        await Eventually.TrueAsync(async () => (second = await TryConnectAsync(router, upstream.EndPoint)) is not null, "there is room for a second");
        await router.LineAsync("tunnel 2", "is up");
        await second!.DisposeAsync();
    }

    private static async Task<TunnelClient?> TryConnectAsync(RouterHarness router, IPEndPoint local)
    {
        try
        {
            return await TunnelClient.ConnectAsync(router, Secret, local);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
