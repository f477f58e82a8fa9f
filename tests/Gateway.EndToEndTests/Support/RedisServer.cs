using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Gateway.EndToEndTests.Support;

/// <summary>A Redis that the operator runs: Debian's redis-server on a free port, spoken to with redis-cli.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _port;

    private RedisServer(Process process, string port)
    {
        _process = process;
        _port = port;
    }

    public string Url => $"redis://127.0.0.1:{_port}";

    public static async Task<RedisServer> StartAsync(string directory)
    {
        Directory.CreateDirectory(directory);
        var port = FreePort();
        var server = new RedisServer(Programs.Start("redis-server", ["--port", port, "--bind", "127.0.0.1", "--dir", directory, "--save", ""]), port);
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        await Programs.EventuallyAsync(async () => (await Programs.RunAsync("redis-cli", ["-p", port, "PING"])).Output.Trim() == "PONG", "Redis answers");
        return server;
    }

    /// <summary>One command by redis-cli; an error answer fails.</summary>
    public async Task<string> CommandAsync(params string[] command)
    {
        var ended = await Programs.RunAsync("redis-cli", ["-e", "-p", _port, .. command]);
        Assert.True(ended.Code == 0, ended.Output + ended.Error);
        return ended.Output;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }
}
