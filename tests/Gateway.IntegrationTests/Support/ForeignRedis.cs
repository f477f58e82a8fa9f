using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Gateway.Model;
using Gateway.Store;

namespace Gateway.IntegrationTests.Support;

/// <summary>A redis-server as an operator may have set it up: any lines of redis.conf, no supervision.</summary>
public sealed class ForeignRedis : IAsyncDisposable
{
    // One of its own: what another Redis left in a common one would be loaded.
    private readonly string _directory = Directory.CreateTempSubdirectory("gateway-foreign-").FullName;
    private readonly string[] _settings;
    private Process? _process;

    private ForeignRedis(string[] settings)
    {
        _settings = settings;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public int Port { get; }

    public int ProcessId => _process!.Id;

    public static async Task<ForeignRedis> StartAsync(params string[] settings)
    {
        var redis = new ForeignRedis(settings);
        await redis.StartAgainAsync();
        return redis;
    }

    public async Task StartAgainAsync()
    {
        _process = Process.Start(new ProcessStartInfo("redis-server", "-") { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        _process.BeginOutputReadLine();
        await _process.StandardInput.WriteAsync(string.Join('\n', [$"port {Port}", "bind 127.0.0.1", "save \"\"", $"dir {_directory}", .. _settings, ""]));
        _process.StandardInput.Close();
        await Eventually.TrueAsync(AcceptsAsync, "the foreign Redis accepts connections");
    }

    public RedisEndpoint Endpoint(string? user = null, string password = "") => new("127.0.0.1", Port, user, new Secret(password), 0);

    /// <summary>Ends it with SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>Runs redis-cli against it.</summary>
    public Task<string> CliAsync(params string[] words) => RedisCli.RunAsync(Port, "", words);

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task<bool> AcceptsAsync()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
