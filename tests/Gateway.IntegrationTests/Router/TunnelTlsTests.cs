using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gateway.Cli.Expose;
using Gateway.IntegrationTests.Cli.Expose;
using Gateway.IntegrationTests.Support;
using Gateway.Router;
using Gateway.Router.Tunnelling;
using Gateway.Transport.Tls;
using Gateway.UnitTests.Router;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>The tunnel port over TLS, with the client that users have.</summary>
public sealed class TunnelTlsTests : IDisposable
{
    private const string Name = "hello.gw.test";

    private readonly string _directory = Directory.CreateTempSubdirectory("gateway-tls").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_client_that_pins_the_nodes_key_carries_visitors_over_TLS()
    {
        await using var service = TestService.Echo();
        await using var router = new RouterHarness();
        router.Tunnel(Name, RunningClient.Secret);
        await using var client = Client(router, service, router.Pin);
        await SaysAsync(client, "connected over TLS");
        var hello = Hello.For(Name);
        byte[] bulk = [.. hello, .. RandomNumberGenerator.GetBytes(3 * 1024 * 1024)];
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        var echoed = visitor.ReceiveAllAsync();
        await visitor.SendAllAsync(bulk);
        visitor.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.Equal(SHA256.HashData(bulk), SHA256.HashData(await echoed));
    }

    [Fact, Trait("adv", "T8")]
    public async Task Another_key_than_the_pinned_one_is_refused()
    {
        await using var service = TestService.Echo();
        await using var router = new RouterHarness();
        router.Tunnel(Name, RunningClient.Secret);
        Assert.True(KeyPin.TryParse("sha256:" + new string('0', 64), out var wrong));
        await using var client = Client(router, service, wrong);
        await SaysAsync(client, $"the gateway's key is {router.Pin}, not the one that was pinned");
        Assert.DoesNotContain("connected over", client.Said, StringComparison.Ordinal);
        Assert.DoesNotContain(router.Log.Lines, line => line.Contains("is up", StringComparison.Ordinal));
    }

    [Fact, Trait("adv", "T8")]
    public async Task Without_a_pin_a_certificate_that_nobody_vouches_for_is_refused()
    {
        await using var service = TestService.Echo();
        await using var router = new RouterHarness();
        router.Tunnel(Name, RunningClient.Secret);
        await using var client = Client(router, service);
        await SaysAsync(client, "is not trusted here");
    }

    [Fact, Trait("adv", "T8")]
    public async Task An_expired_certificate_is_refused_even_when_its_key_is_the_pinned_one()
    {
        await using var service = TestService.Echo();
        await using var router = new RouterHarness(options => options.TunnelCertificate = Write("expired.pem", validFromDays: -2, validToDays: -1));
        router.Tunnel(Name, RunningClient.Secret);
        await using var client = Client(router, service, router.Pin);
        await SaysAsync(client, "the gateway's certificate is valid from");
    }

    [Fact, Trait("adv", "T8")]
    public async Task A_client_that_expects_TLS_does_not_make_do_with_less()
    {
        await using var service = TestService.Echo();
        await using var plain = new TestGateway();
        Assert.True(KeyPin.TryParse("sha256:" + new string('0', 64), out var pin));
        var remote = new TunnelRemote(new HostPort("127.0.0.1", plain.Port), isTls: true, pin);
        await using var client = new RunningClient(RunningClient.Options(service.Port) with { Remotes = [remote] });
        await SaysAsync(client, "no TLS connection");
        Assert.Empty(plain.Secrets);
    }

    [Fact]
    public async Task Plain_TCP_can_be_switched_off()
    {
        await using var service = TestService.Echo();
        await using var router = new RouterHarness(options => options.TunnelPlain = false);
        router.Tunnel(Name, RunningClient.Secret);
        await using var plain = new RunningClient(service.Port, router.Tunnels.Port);
        await router.LineAsync("turned away", "not TLS");
        await using var client = Client(router, service, router.Pin);
        await SaysAsync(client, "connected over TLS");
        Assert.DoesNotContain(": connected", plain.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_renewed_certificate_is_shown_to_whoever_comes_next_and_ends_no_session()
    {
        await using var service = TestService.Echo();
        var path = Write("own.pem", validFromDays: -1, validToDays: 1);
        await using var router = new RouterHarness(options => options.TunnelCertificate = path);
        router.Tunnel(Name, RunningClient.Secret);
        var before = router.Pin;
        await using var client = Client(router, service, before);
        await SaysAsync(client, "connected over TLS as tunnel 1");

        File.WriteAllText(path, "half a certif");
        router.ReloadCertificate();
        await router.LineAsync("The tunnel port keeps the certificate that it has", path);
        Assert.Equal(before, router.Pin);

        Write("own.pem", validFromDays: -1, validToDays: 1);
        router.ReloadCertificate();
        Assert.NotEqual(before, router.Pin);
        await using var next = Client(router, service, router.Pin);
        await SaysAsync(next, "connected over TLS as tunnel 2");
        Assert.Equal([1, 2], router.Facts.Select(tunnel => tunnel.Session));
        Assert.DoesNotContain("lost", client.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_with_both_pins_stays_through_a_change_of_the_key()
    {
        await using var service = TestService.Echo();
        var path = Write("own.pem", validFromDays: -1, validToDays: 1);
        await using var router = new RouterHarness(options => options.TunnelCertificate = path);
        router.Tunnel(Name, RunningClient.Secret);
        var before = router.Pin;
        var after = KeyPin.Of(X509CertificateLoader.LoadCertificateFromFile(Write("next.pem", validFromDays: -1, validToDays: 1)));
        await using var client = Client(router, service, before, after);
        await SaysAsync(client, "connected over TLS as tunnel 1");
        File.Move(Path.Combine(Path.GetDirectoryName(path)!, "next.pem"), path, overwrite: true);
        router.ReloadCertificate();
        Assert.Equal(after, router.Pin);
        Assert.True(router.Drop(1));
        await SaysAsync(client, "connected over TLS as tunnel 2");
        Assert.DoesNotContain("not the one that was pinned", client.Said, StringComparison.Ordinal);
    }

    [Fact]
    public void The_node_keeps_the_key_that_it_made_and_nobody_else_can_read_it()
    {
        var kept = Path.Combine(_directory, "tunnel.pem");
        Assert.True(TunnelCertificate.TryTake(new RouterOptions(), kept, out var first, out var fault), fault);
        Assert.True(TunnelCertificate.TryTake(new RouterOptions(), kept, out var second, out fault), fault);
        Assert.Equal(first.Pin, second.Pin);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(kept));
    }

    [Fact]
    public void A_certificate_that_cannot_be_read_is_named_with_the_option()
    {
        var garbage = Path.Combine(_directory, "garbage.pem");
        File.WriteAllText(garbage, "no certificate");
        Assert.False(TunnelCertificate.TryTake(new RouterOptions { TunnelCertificate = garbage }, null, out _, out var fault));
        Assert.Contains("tunnel_certificate", fault, StringComparison.Ordinal);
        Assert.False(TunnelCertificate.TryTake(new RouterOptions { TunnelCertificate = garbage + ".missing" }, null, out _, out fault));
        Assert.Contains(garbage, fault, StringComparison.Ordinal);
    }

    private static RunningClient Client(RouterHarness router, TestService service, params KeyPin[] pins) =>
        new(RunningClient.Options(service.Port) with { Remotes = [new TunnelRemote(new HostPort(IPAddress.Loopback.ToString(), router.Tunnels.Port), isTls: true, pins)] });

    private static Task SaysAsync(RunningClient client, string text) =>
        Eventually.TrueAsync(() => client.Said.Contains(text, StringComparison.Ordinal), $"the client says '{text}'");

    private string Write(string name, int validFromDays, int validToDays)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=gateway", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(validFromDays), now.AddDays(validToDays));
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        return path;
    }
}
