using System.Net;
using Gateway.Model;
using Gateway.Server.Admin;
using Gateway.Server.Options;
using Gateway.Store;
using Microsoft.Extensions.Logging;

namespace Gateway.Server;

/// <summary>The node's Redis: a private one that it supervises, or the operator's.</summary>
internal sealed class NodeRedis(NodeOptions options, NodeDirectory directory, TimeProvider time, ILoggerFactory logs) : IAsyncDisposable
{
    /// <summary>So long a trouble that is over stands on health pages.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromHours(1);

    private PrivateRedis? _private;
    private RedisConnection? _connection;
    private bool _isDisconnected;

    public RedisConnection Connection => _connection ?? throw new InvalidOperationException("Redis is not started.");

    /// <summary>Starts the private Redis, if that is the one, and begins to connect. The fault is one line; null when all is well.</summary>
    public async Task<string?> StartAsync(CancellationToken stop)
    {
        if (!RedisEndpoint.TryParse(options.Redis, out var endpoint, out _))
        {
            _private = new PrivateRedis(directory.File("redis"), options.RedisPort, time, logs);
            if (await _private.StartAsync(stop) is { } fault) return fault;
            endpoint = _private.Endpoint;
        }

        if (options.RedisPasswordFile.Length > 0)
        {
            if (!TryReadPassword(options.RedisPasswordFile, out var password, out var fault)) return fault;
            endpoint = endpoint with { Password = password };
        }

        EndPoint = IPAddress.TryParse(endpoint.Host, out var address) ? new IPEndPoint(address, endpoint.Port)
            : endpoint.Host == "localhost" ? new IPEndPoint(IPAddress.Loopback, endpoint.Port) : null;
        _connection = RedisConnection.Open(endpoint, time, logs);
        return null;
    }

    /// <summary>Where it is, when that is an address of its own and not a name.</summary>
    public IPEndPoint? EndPoint { get; private set; }

    /// <summary>Supervises the private Redis until told to stop; the operator's needs nothing.</summary>
    public Task RunAsync(CancellationToken stop) => _private?.RunAsync(stop) ?? Task.Delay(Timeout.InfiniteTimeSpan, time, stop);

    /// <summary>How it stands with Redis. Its absence hurts reservations, never what is served.</summary>
    public IEnumerable<Condition> Conditions()
    {
        yield return Connection switch
        {
            { IsConnected: false } => Condition.Strained("redis", $"Redis is away ({Connection.Fault}): what was served is still served, new reservations wait."),
            { EventsFault: { } fault } => Condition.Strained("redis", fault),
            { Slowness: { } slowness } => Condition.Strained("redis", $"Redis is slow ({slowness}): new reservations take as much longer."),
            _ => Condition.Good("redis", $"Redis answers.{Trouble()}"),
        };
    }

    // What mended itself before anybody looked.
    private string Trouble() => Connection.LastTrouble is { } last && time.GetUtcNow() - last.At < Memory ? $" At {last.At:HH:mm:ss}Z {last.What}." : "";

    /// <summary>Lets go of Redis before the private one ends, so that its end is no news to anybody.</summary>
    public async Task DisconnectAsync()
    {
        if (_connection is null || _isDisconnected) return;
        _isDisconnected = true;
        await _connection.DisposeAsync();
    }

    private static bool TryReadPassword(string path, out Secret password, out string fault)
    {
        password = default;
        fault = "";
        try
        {
            password = new Secret(File.ReadAllText(path).Trim());
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = $"redis_password_file: '{path}' cannot be read: {e.Message}";
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await DisconnectAsync();
        if (_private is not null) await _private.DisposeAsync();
    }
}
