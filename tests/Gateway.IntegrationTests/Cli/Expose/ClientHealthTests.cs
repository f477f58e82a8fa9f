using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Cli.Expose;
using Gateway.IntegrationTests.Support;
using Gateway.Transport;
using Xunit;

namespace Gateway.IntegrationTests.Cli.Expose;

/// <summary>What a supervisor learns of a client: by HTTP, and by the socket of the service manager.</summary>
public sealed class ClientHealthTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gateway-health").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task The_page_says_which_gateways_are_held_and_is_well_while_every_service_holds_one()
    {
        await using var gateway = new TestGateway();
        await using var service = TestService.Echo();
        using var notified = Listen(out var notification);
        var health = new ClientHealth(notification, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        Assert.True(Listening.TryBind(new IPEndPoint(IPAddress.Loopback, 0), 16, out var listener, out var fault), fault);
        var at = new Uri($"http://{listener.LocalEndPoint}/healthz");
        var page = new HealthPage(listener, health, TimeProvider.System).RunAsync(stop.Token);
        // One remote that answers and one that does not.
        var options = RunningClient.Options(service.Port, gateway.Port, 1) with { Service = "web" };
        var client = new TunnelClient(options, TimeProvider.System, new ClientLog(TextWriter.Null, json: false, TimeProvider.System), health).RunAsync(stop.Token);
        health.Started();
        using var probe = new HttpClient();
        await Eventually.TrueAsync(async () => (await probe.GetAsync(at)).StatusCode == HttpStatusCode.OK, "the client is ready");
        var text = await probe.GetStringAsync(at);
        Assert.Contains($"\"service\":\"web\",\"remote\":\"127.0.0.1:{gateway.Port}\",\"connected\":true", text, StringComparison.Ordinal);
        Assert.Contains("\"remote\":\"127.0.0.1:1\",\"connected\":false", text, StringComparison.Ordinal);
        Assert.DoesNotContain(RunningClient.Secret, text, StringComparison.Ordinal);
        await gateway.StopAsync();
        await Eventually.TrueAsync(async () => (await probe.GetAsync(at)).StatusCode == HttpStatusCode.ServiceUnavailable, "the client is not ready any more");
        health.Stopping();
        await stop.CancelAsync();
        await Task.WhenAll(page, client).WaitAsync(TimeSpan.FromSeconds(30));
        var told = Told(notified);
        Assert.Contains(told, message => message.StartsWith("READY=1\nSTATUS=", StringComparison.Ordinal));
        Assert.Contains("STATUS=1 of 2 gateways connected", told);
        Assert.Equal("STOPPING=1\nSTATUS=stopping", told[^1]);
    }

    private Socket Listen(out ServiceNotification notification)
    {
        var path = Path.Combine(_directory, "notify");
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        notification = new ServiceNotification(path);
        return socket;
    }

    private static List<string> Told(Socket socket)
    {
        var told = new List<string>();
        var buffer = new byte[4096];
        while (socket.Poll(0, SelectMode.SelectRead)) told.Add(Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer)));
        return told;
    }
}
