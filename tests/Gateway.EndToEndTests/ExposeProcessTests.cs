using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>The tunnel client as a process: its lines, its exit codes, what supervisors hear of it; and the node's certificate for it.</summary>
public sealed class ExposeProcessTests : IDisposable
{
    private const string Secret = "7:a-secret-of-this-test";

    private readonly TemporaryDirectory _work = new();

    public void Dispose() => _work.Dispose();

    [Fact]
    public async Task A_refused_client_says_why_in_one_line_stays_and_is_in_when_the_reservation_is_there()
    {
        await File.WriteAllTextAsync(_work.File("routes"), "{}");
        await File.WriteAllTextAsync(_work.File("secret"), Secret);
        await using var node = await RunningNode.StartAsync(_work.File("state"), "--roles", "router", "--router-routes", _work.File("routes"), "--router-tunnel-handshakes-per-address", "1000");
        using var supervisor = Supervisor(out var variables);
        var health = FreePort();
        await using var client = new BackgroundProgram(
            Programs.Gateway, ["expose", "http://127.0.0.1:1", "--remote", node.Tunnel.ToString(), "--secret-file", _work.File("secret"), "--backoff", "1", "--json", "--health", $"127.0.0.1:{health}"], variables);
        await client.SaysAsync("refused: no reservation");
        await Programs.EventuallyAsync(() => Task.FromResult(node.Log.Split("unknown secret").Length > 3), "it asks again and again");
        var refused = Assert.Single(Lines(client));
        Assert.Equal(("disconnected", node.Tunnel.ToString()), (refused["event"]!.ToString(), refused["subject"]!.ToString()));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await HealthAsync(health));

        await File.WriteAllTextAsync(_work.File("routes"), $$"""{ "hello.example": { "clientsecret": "{{Secret}}" } }""");
        await HangUpAsync(node);
        await client.SaysAsync("connected as tunnel");
        await Programs.EventuallyAsync(async () => await HealthAsync(health) == HttpStatusCode.OK, "it is ready");
        Assert.Equal(0, await client.EndAsync("-TERM"));
        Assert.Equal(["disconnected", "connected", "stopped"], Lines(client).Select(line => line["event"]!.ToString()));
        Assert.DoesNotContain(Secret, client.Output + node.Log, StringComparison.Ordinal);
        var told = Told(supervisor);
        Assert.StartsWith("READY=1\n", told[0], StringComparison.Ordinal);
        Assert.Contains("STATUS=1 of 1 gateways connected", told);
        Assert.StartsWith("STOPPING=1", told[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-TERM")]
    [InlineData("-INT")]
    public async Task Told_to_stop_while_no_gateway_answers_it_ends_with_0(string signal)
    {
        await File.WriteAllTextAsync(_work.File("secret"), Secret);
        await using var client = new BackgroundProgram(Programs.Gateway, ["expose", "http://127.0.0.1:1", "--remote", "127.0.0.1:1", "--secret-file", _work.File("secret")]);
        await client.SaysAsync("cannot connect");
        Assert.Equal(0, await client.EndAsync(signal));
    }

    [Theory]
    [InlineData("-TERM")]
    [InlineData("-INT")]
    public async Task Told_to_stop_while_it_still_reads_its_files_it_ends_with_0(string signal)
    {
        var pipe = _work.File("pipe");
        Assert.Equal(0, (await Programs.RunAsync("mkfifo", [pipe])).Code);
        await using var client = new BackgroundProgram(Programs.Gateway, ["expose", "http://127.0.0.1:1", "--remote", "127.0.0.1:1", "--secret-file", pipe]);
        // Opened as soon as the client reads at the other end.
        await using (var writer = await Task.Run(() => new StreamWriter(pipe)).WaitAsync(TimeSpan.FromMinutes(1)))
        {
            await client.SignalAsync(signal);
            await writer.WriteAsync(Secret);
        }

        Assert.Equal(0, await client.EndedAsync());
    }

    [Fact]
    public async Task A_wrong_command_line_ends_with_2_and_a_wrong_machine_with_1()
    {
        await File.WriteAllTextAsync(_work.File("secret"), Secret);
        string[] good = ["expose", "http://127.0.0.1:1", "--remote", "127.0.0.1:1", "--secret-file", _work.File("secret")];
        Assert.Equal(2, await CodeAsync([.. good, "--heartbeat", "0"]));
        Assert.Equal(2, await CodeAsync(["expose", "ftp://127.0.0.1", .. good[2..]]));
        Assert.Equal(2, await CodeAsync([.. good, "--no-such-flag"]));
        Assert.Equal(2, await CodeAsync([.. good, "--health", "nowhere"]));
        Assert.Equal(1, await CodeAsync([.. good[..^1], _work.File("missing")]));
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        Assert.Equal(1, await CodeAsync([.. good, "--health", taken.LocalEndpoint.ToString()!]));
    }

    [Fact]
    public async Task The_certificate_of_the_tunnel_port_is_read_again_on_SIGHUP()
    {
        var first = WriteCertificate("first");
        await using var node = await RunningNode.StartAsync(_work.File("state"), "--roles", "router", "--router-tunnel-certificate", _work.File("own.pem"));
        Assert.Equal(first, await ShownAsync(node));
        await File.WriteAllTextAsync(_work.File("own.pem"), "half a certif");
        await HangUpAsync(node);
        await Programs.EventuallyAsync(() => Task.FromResult(node.Log.Contains("keeps the certificate that it has", StringComparison.Ordinal)), "the fault is logged");
        Assert.Equal(first, await ShownAsync(node));
        var second = WriteCertificate("second");
        await HangUpAsync(node);
        await Programs.EventuallyAsync(async () => await ShownAsync(node) == second, "the new certificate is shown");
    }

    private static async Task<int> CodeAsync(string[] arguments)
    {
        var ended = await Programs.RunAsync(Programs.Gateway, arguments);
        Assert.DoesNotContain(Secret, ended.Output + ended.Error, StringComparison.Ordinal);
        Assert.NotEqual("", ended.Error);
        return ended.Code;
    }

    private static JsonNode[] Lines(BackgroundProgram client) => [.. client.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];

    private static Task<Ended> HangUpAsync(RunningNode node) => Programs.RunAsync("kill", ["-HUP", node.ProcessId.ToString(CultureInfo.InvariantCulture)]);

    private static async Task<HttpStatusCode?> HealthAsync(int port)
    {
        using var probe = new HttpClient();
        try
        {
            using var answer = await probe.GetAsync(new Uri($"http://127.0.0.1:{port}/"));
            return answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static async Task<string> ShownAsync(RunningNode node)
    {
        using var connection = new TcpClient();
        await connection.ConnectAsync(node.Tunnel);
#pragma warning disable CA5359 // Which certificate it shows is what is asked.
        await using var tls = new SslStream(connection.GetStream(), false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await tls.AuthenticateAsClientAsync("gateway");
        return tls.RemoteCertificate!.Subject;
    }

    private string WriteCertificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(_work.File("own.pem"), certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
        return certificate.Subject;
    }

    // The other end of sd_notify(3).
    private Socket Supervisor(out Dictionary<string, string> variables)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_work.File("notify")));
        variables = new Dictionary<string, string> { ["NOTIFY_SOCKET"] = _work.File("notify") };
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
