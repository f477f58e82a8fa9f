using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.IntegrationTests.Support;

/// <summary>A private Redis in a temporary directory, for <c>IClassFixture&lt;RedisFixture&gt;</c>; one for all tests of a class.</summary>
public sealed class RedisFixture : IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new();
    private PrivateRedis? _redis;
    private Task _running = Task.CompletedTask;

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("gateway-redis-").FullName;

    public PrivateRedis Redis => _redis!;

    public RedisEndpoint Endpoint => Redis.Endpoint;

    public async ValueTask InitializeAsync()
    {
        _redis = new PrivateRedis(Directory, 0, TimeProvider.System, NullLoggerFactory.Instance);
        Assert.Null(await _redis.StartAsync(TestContext.Current.CancellationToken));
        _running = _redis.RunAsync(_stop.Token);
    }

    /// <summary>A new connection, connected; the test disposes it.</summary>
    public async Task<RedisConnection> ConnectAsync()
    {
        var connection = RedisConnection.Open(Endpoint, TimeProvider.System, NullLoggerFactory.Instance);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await connection.WaitConnectedAsync(deadline.Token);
        return connection;
    }

    /// <summary>Empties Redis, for a test that wants to begin with nothing.</summary>
    public async Task FlushAsync()
    {
        await using var connection = await ConnectAsync();
        // A connection may break as soon as it stands; the next one follows by itself.
        await Eventually.TrueAsync(() => TryFlushAsync(connection), "Redis is emptied");
    }

    private static async Task<bool> TryFlushAsync(RedisConnection connection)
    {
        try
        {
            await connection.Database.ExecuteAsync("FLUSHALL");
            return true;
        }
        catch (Exception e) when (RedisFaults.IsRedis(e))
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        if (_redis is not null) await _redis.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
        _stop.Dispose();
    }
}
