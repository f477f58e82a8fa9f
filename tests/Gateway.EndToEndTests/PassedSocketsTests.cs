using System.Net;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>The node under systemd's own socket activation.</summary>
public sealed class PassedSocketsTests
{
    [Fact, Trait("adv", "O2")]
    public async Task A_visitor_who_comes_before_the_node_is_up_is_served_by_it()
    {
        using var directory = new TemporaryDirectory();
        var (activation, port) = await ListenAsync(directory.Path, "http");
        await using var running = activation;
        using var client = new HttpClient { Timeout = TimeSpan.FromMinutes(1) };
        var answer = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/"));
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("unknown_host", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains($"http 127.0.0.1:{port}", await File.ReadAllLinesAsync(Path.Combine(directory.Path, "listening")));
    }

    [Fact]
    public async Task A_socket_with_a_name_that_means_nothing_stops_the_start_and_is_explained()
    {
        using var directory = new TemporaryDirectory();
        var (activation, port) = await ListenAsync(directory.Path, "web");
        await using var running = activation;
        using var visitor = new System.Net.Sockets.TcpClient();
        await visitor.ConnectAsync(IPAddress.Loopback, port);
        await running.SaysAsync($"passed the TCP socket 127.0.0.1:{port} named 'web'");
        await running.SaysAsync("FileDescriptorName=");
    }

    /// <summary>Opens a port below those that the kernel gives to others; one that is taken is not tried twice.</summary>
    private static async Task<(BackgroundProgram Activation, int Port)> ListenAsync(string state, string name)
    {
        for (var attempt = 0; ; attempt++)
        {
            var port = Random.Shared.Next(20_000, 30_000);
            string[] others = ["--admin", "127.0.0.1:0", "--router-tls-listen", "127.0.0.1:0", "--router-http-listen", "127.0.0.1:0", "--router-tunnel-listen", "127.0.0.1:0"];
            string[] root = Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } ? ["-E", "DOTNET_ROOT"] : [];
            var activation = new BackgroundProgram("systemd-socket-activate", ["-l", $"127.0.0.1:{port}", $"--fdname={name}", .. root, Programs.Gatewayd, "--roles", "router", "--state", state, .. others]);
            await Programs.EventuallyAsync(() => Task.FromResult(activation.Output.Length > 0), "it says where it listens, or why not");
            if (activation.Output.Contains("Listening on", StringComparison.Ordinal)) return (activation, port);
            var output = activation.Output;
            await activation.DisposeAsync();
            Assert.True(attempt < 10, output);
        }
    }
}
