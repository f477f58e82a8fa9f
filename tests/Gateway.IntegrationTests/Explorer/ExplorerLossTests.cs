using Gateway.Explorer;
using Gateway.ExplorerApi;
using Gateway.IntegrationTests.Support;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Gateway.Store;
using Xunit;
using static Gateway.IntegrationTests.Explorer.ExplorerFixture;

namespace Gateway.IntegrationTests.Explorer;

/// <summary>Redis loses what the explorer keeps there: whoever comes next must not take the place of those who were lost.</summary>
[Trait("adv", "R3")]
public sealed class ExplorerLossTests(RedisFixture redis) : IClassFixture<RedisFixture>, IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gateway-floor-").FullName;
    private readonly HttpClient _http = ExplorerClient.CreateHttpClient();
    private RedisConnection _redis = null!;

    public async ValueTask InitializeAsync()
    {
        await redis.FlushAsync();
        _redis = await redis.ConnectAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _redis.DisposeAsync();
        _http.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_loss_nothing_is_numbered_again_and_the_operator_decides(bool restarted)
    {
        var server = StartServer();
        for (var i = 1; i <= 3; i++) Assert.Equal(i, Number(await RegisterAsync(server.Server, $"user{i}.3bot")));
        await _redis.Database.ExecuteAsync("FLUSHALL");
        if (restarted)
        {
            await server.StopAsync();
            server = StartServer();
        }

        var refused = Assert.IsType<ExplorerOutcome<User>.Refused>(await RegisterAsync(server.Server, "user1.3bot"));
        Assert.Equal(503, refused.Status);
        Assert.Contains("accept-loss", refused.Message, StringComparison.Ordinal);
        Assert.Contains("up to 3", server.Server.Loss, StringComparison.Ordinal);
        Assert.True(server.Server.AcceptLoss());
        Assert.Null(server.Server.Loss);
        Assert.Equal(4, Number(await RegisterAsync(server.Server, "next.3bot")));
        Assert.Equal(5, Number(await RegisterAsync(server.Server, "last.3bot")));
        Assert.False(server.Server.AcceptLoss());
        await server.StopAsync();
    }

    [Fact]
    public async Task A_restart_alone_leaves_no_gap()
    {
        var server = StartServer();
        Assert.Equal(1, Number(await RegisterAsync(server.Server, "first.3bot")));
        await server.StopAsync();
        server = StartServer();
        Assert.Equal(2, Number(await RegisterAsync(server.Server, "second.3bot")));
        Assert.Null(server.Server.Loss);
        await server.StopAsync();
    }

    private Running StartServer()
    {
        var stop = new CancellationTokenSource();
        var (server, running) = Start(new ExplorerOptions(), _redis, stop.Token, Path.Combine(_directory, "explorer.ids"));
        return new Running(server, running, stop);
    }

    private async Task<ExplorerOutcome<User>> RegisterAsync(ExplorerServer server, string name)
    {
        var client = new ExplorerClient(_http, new Uri($"http://{server.Bound[0]}"), null, TimeSpan.FromSeconds(60));
        return await client.CreateUserAsync(new User { Name = name, Email = name + "@example.com", Pubkey = Identity.Create().PublicKey.Hex }, Stop);
    }

    private static long Number(ExplorerOutcome<User> outcome) => outcome.Match(user => user.Id, refused => throw new InvalidOperationException(refused.ToString()), unreachable => throw new InvalidOperationException(unreachable.ToString()));

    private sealed record Running(ExplorerServer Server, Task Task, CancellationTokenSource Source)
    {
        public async Task StopAsync()
        {
            await Source.CancelAsync();
            await Task;
            await Server.DisposeAsync();
            Source.Dispose();
        }
    }
}
