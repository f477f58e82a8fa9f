using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>One visitor is the same word in the router's log, in the tunnel client's, and at the application.</summary>
public sealed partial class VisitorIdTests : IDisposable
{
    private const string Host = "hello.gw.test";

    private static readonly byte[] ProxySignature = [.. "\r\n\r\n\0\r\nQUIT\n"u8];

    private readonly TemporaryDirectory _work = new();
    private readonly TcpListener _application = new(IPAddress.Loopback, 0);

    public VisitorIdTests() => _application.Start();

    public void Dispose()
    {
        _application.Dispose();
        _work.Dispose();
    }

    private string Local => _application.LocalEndpoint.ToString()!;

    [Theory]
    [InlineData("--no-direct")]
    [InlineData("--proxy-protocol=v2")]
    public async Task A_TLS_connection_has_one_id_everywhere(string how)
    {
        await using var node = await RunningNode.StartAsync(_work.File("state"));
        await using var client = await ExposeAsync(node, $"https://{Local}", how);
        var heard = HearAsync("");
        await SayHelloAsync(node.Tls);
        var bytes = await heard;
        var line = await LineAsync(client);
        Assert.Equal(("tls", "visit"), (line["kind"]!.ToString(), line["event"]!.ToString()));
        var id = line["id"]!.ToString();
        await Programs.EventuallyAsync(() => Task.FromResult(node.Log.Contains($" TLS {id} 127.0.0.1:", StringComparison.Ordinal)), $"the node's log has {id}: {node.Log}");
        if (how.Contains("proxy", StringComparison.Ordinal)) Assert.Equal(id, UniqueId(bytes));
        else Assert.Equal(0x16, bytes[0]);
    }

    [Fact]
    public async Task An_HTTP_request_has_one_id_everywhere_and_never_the_one_that_a_stranger_gives_it()
    {
        await using var node = await RunningNode.StartAsync(_work.File("state"));
        await using var client = await ExposeAsync(node, $"http://{Local}", "--name=web-1");
        var heard = HearAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        var answer = await Programs.RunAsync("curl", ["-sS", "-f", "-H", $"Host: {Host}", "-H", "X-Request-Id: believe-me", $"http://{node.Http}/"]);
        Assert.True(answer.Output == "ok", answer.Error + node.Log);
        var request = Encoding.ASCII.GetString(await heard);
        var id = RequestId().Match(request).Groups[1].Value;
        Assert.DoesNotContain("believe-me", request, StringComparison.Ordinal);
        Assert.Equal(id.Split(':')[0], (await LineAsync(client))["id"]!.ToString());
        await Programs.EventuallyAsync(() => Task.FromResult(node.Log.Contains($" HTTP {id} 127.0.0.1 GET {Host}", StringComparison.Ordinal)), $"the node's log has {id}: {node.Log}");
    }

    private async Task<BackgroundProgram> ExposeAsync(RunningNode node, string target, string how)
    {
        var secret = await (await new CommandLineUser(node, _work.Path).RegisterAsync()).ReserveTunnelAsync(Host);
        var client = new BackgroundProgram(Programs.Gateway, ["expose", target, "--remote", node.Tunnel.ToString(), "--secret-file", secret, "--log-visits", "--json", how]);
        await client.SaysAsync("\"connected\"");
        return client;
    }

    private static async Task<JsonNode> LineAsync(BackgroundProgram client)
    {
        await client.SaysAsync("\"visit\"");
        return JsonNode.Parse(client.Output.Split('\n').First(line => line.Contains("\"visit\"", StringComparison.Ordinal)))!;
    }

    /// <summary>The application: takes one connection, reads what comes first, answers, and hangs up.</summary>
    private async Task<byte[]> HearAsync(string answer)
    {
        using var visitor = await _application.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        var bytes = new byte[16 * 1024];
        var there = 0;
        do there += await visitor.GetStream().ReadAsync(bytes.AsMemory(there), TestContext.Current.CancellationToken);
        while (!IsWhole(bytes.AsSpan(0, there)));
        await visitor.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer), TestContext.Current.CancellationToken);
        return bytes[..there];
    }

    private static bool IsWhole(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith(ProxySignature) ? bytes.Length > 16 && bytes.Length >= 16 + (bytes[14] << 8 | bytes[15]) : bytes[0] == 0x16 || bytes.IndexOf("\r\n\r\n"u8) > 0;

    private static async Task SayHelloAsync(IPEndPoint tls)
    {
        using var visitor = new TcpClient();
        await visitor.ConnectAsync(tls, TestContext.Current.CancellationToken);
        await using var stream = new SslStream(visitor.GetStream());
        // The application hangs up: it is asked no more than what its visitor is called.
        await Assert.ThrowsAnyAsync<Exception>(() => stream.AuthenticateAsClientAsync(Host));
    }

    private static string UniqueId(byte[] header)
    {
        for (var at = 16 + (header[13] == 0x11 ? 12 : 36); at < 16 + (header[14] << 8 | header[15]);)
        {
            var length = header[at + 1] << 8 | header[at + 2];
            if (header[at] == 5) return Encoding.ASCII.GetString(header, at + 3, length);
            at += 3 + length;
        }

        return string.Create(CultureInfo.InvariantCulture, $"no unique id in {Convert.ToHexString(header)}");
    }

    [GeneratedRegex("\r\nX-Request-Id: ([0-9A-F]+:[0-9A-F]+)\r\n", RegexOptions.IgnoreCase)]
    private static partial Regex RequestId();
}
