using Gateway.Explorer;
using Gateway.ExplorerApi;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;
using Xunit;
using static Gateway.IntegrationTests.Explorer.ExplorerFixture;

namespace Gateway.IntegrationTests.Explorer;

/// <summary>Redis loses the explorer's records, and the explorer has a copy of them: nobody is told that his reservation is gone, and everything comes back.</summary>
[Trait("adv", "R3")]
public sealed class ExplorerCopyTests(RedisFixture redis) : IClassFixture<RedisFixture>, IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gateway-copy-").FullName;
    private readonly HttpClient _http = ExplorerClient.CreateHttpClient();
    private readonly Identity _alice = Identity.Create();
    private readonly Identity _gateway = Identity.Create();
    private readonly KeptLog _log = new();
    private RedisConnection _redis = null!;
    private CancellationTokenSource _end = null!;
    private ExplorerServer _server = null!;
    private Task _running = null!;

    private string Copy => Path.Combine(_directory, "explorer.lkg");

    private IDatabase Database => _redis.Database;

    public async ValueTask InitializeAsync()
    {
        await redis.FlushAsync();
        _redis = await redis.ConnectAsync();
        Begin();
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        await _redis.DisposeAsync();
        _http.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Everything_is_put_back_after_a_loss(bool isRestarted)
    {
        var user = await StoreAsync();
        var before = await DumpAsync();
        if (isRestarted) await EndAsync();
        await Database.ExecuteAsync("FLUSHALL");
        if (isRestarted) Begin();
        user = Again(user);
        await Eventually.TrueAsync(async () => await DumpAsync() == before, "everything is there again");
        await Eventually.TrueAsync(() => _server.Loss is null, "nothing is missing");
        Assert.Contains(_log.Lines, it => it.Contains("are in Redis again", StringComparison.Ordinal));
        Assert.Equal(4, await user.ReserveAsync("d.gw.test"));
        await user.DeleteAsync(4);
    }

    [Fact]
    public async Task A_loss_after_a_time_of_a_slow_Redis_is_put_back_soon()
    {
        await using var slow = await ForeignRedis.StartAsync();
        await using var wire = new FaultyWire(slow.Port);
        await EndAsync();
        foreach (var ofAnother in Directory.GetFiles(_directory)) File.Delete(ofAnother);
        await using (_redis) _redis = RedisConnection.Open(wire.Endpoint(), TimeProvider.System, NullLoggerFactory.Instance);
        Begin();
        await Eventually.TrueAsync(() => _redis.IsConnected, "it is connected");
        var user = await StoreAsync();
        var before = await DumpAsync();
        wire.Delay = TimeSpan.FromMilliseconds(150);
        File.Delete(Copy);
        await user.DeleteAsync(1);
        await Eventually.TrueAsync(() => File.Exists(Copy), "it is copied");
        wire.Delay = TimeSpan.Zero;
        await Database.ExecuteAsync("FLUSHALL");
        await Eventually.TrueAsync(async () => (await DumpAsync()).Length >= before.Length, "everything is there again");
        Assert.Equal(4, await user.ReserveAsync("d.gw.test"));
        await EndAsync();
        Begin();
    }

    [Fact]
    public async Task What_was_stored_a_moment_before_the_loss_is_put_back_too()
    {
        var user = await StoreAsync();
        var hold = await _server.RestoringAsync(Stop);
        Assert.Equal(4, await user.ReserveAsync("late.gw.test"));
        var before = await DumpAsync();
        await Database.ExecuteAsync("FLUSHALL");
        hold.Dispose();
        await Eventually.TrueAsync(async () => await DumpAsync() == before, "everything is there again");
        Assert.Equal("late.gw.test", Value(await user.Client.GetWorkloadAsync(4, Stop)).Domain);
    }

    [Fact]
    public async Task Before_it_is_back_nobody_hears_that_there_is_nothing()
    {
        var user = await StoreAsync();
        using var hold = await _server.RestoringAsync(Stop);
        Assert.Equal(4, await user.ReserveAsync("d.gw.test"));
        await Database.ExecuteAsync("FLUSHALL");
        var gateway = Client(ExplorerSigner.Gateway(_gateway));
        Assert.Equal(503, Refusal(await user.Client.GetWorkloadAsync(1, Stop)).Status);
        Assert.Equal(503, Refusal(await user.Client.ListWorkloadsAsync(user.Id, null, null, 1, Stop)).Status);
        Assert.Equal(503, Refusal(await user.Client.GetUserAsync(user.Id, Stop)).Status);
        Assert.Equal(503, Refusal(await gateway.PollAsync(_gateway.Id, 0, Stop)).Status);
        Assert.Equal(503, Refusal(await gateway.GetWorkloadAsync("1-1", Stop)).Status);
        Assert.Equal(503, Refusal(await gateway.ReportDeletedAsync(_gateway.Id, "1-1", Stop)).Status);
        Assert.Equal(503, Refusal(await user.Client.CreateWorkloadAsync(user.Subdomain("e.gw.test", "203.0.113.1"), Stop)).Status);
        Assert.NotNull(_server.Loss);
    }

    [Fact]
    public async Task An_older_backup_does_not_bring_back_what_was_deleted_since()
    {
        var user = await StoreAsync();
        var backup = await RedisBackup.OfAsync(Database);
        await user.DeleteAsync(2);
        var before = await DumpAsync();
        await EndAsync();
        await backup.RestoreAsync(Database);
        Begin();
        await Eventually.TrueAsync(async () => await DumpAsync() == before, "the newer state is there again");
        Assert.Equal(NextAction.Delete, Value(await Again(user).Client.GetWorkloadAsync(2, Stop)).NextAction);
    }

    [Fact]
    public async Task Where_Redis_has_more_than_the_copy_it_goes_on_with_that_and_says_so()
    {
        var user = await StoreAsync();
        await EndAsync();
        var copy = await File.ReadAllBytesAsync(Copy, Stop);
        Begin();
        Assert.Equal(4, await Again(user).ReserveAsync("d.gw.test"));
        var backup = await RedisBackup.OfAsync(Database);
        Assert.Equal(5, await Again(user).ReserveAsync("e.gw.test"));
        await EndAsync();
        await File.WriteAllBytesAsync(Copy, copy, Stop);
        await backup.RestoreAsync(Database);
        Begin();
        await Eventually.TrueAsync(() => _log.Lines.Any(it => it.Contains("no copy has them", StringComparison.Ordinal)), "the operator is told");
        await Eventually.TrueAsync(() => _server.Loss is null, "it goes on");
        await EndAsync();
        _log.Lines.Clear();
        Begin();
        Assert.Equal("d.gw.test", Value(await Again(user).Client.GetWorkloadAsync(4, Stop)).Domain);
        Assert.Equal(404, Refusal(await Again(user).Client.GetWorkloadAsync(5, Stop)).Status);
        Assert.Equal(6, await Again(user).ReserveAsync("f.gw.test"));
        Assert.DoesNotContain(_log.Lines, it => it.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_copy_that_cannot_be_read_leaves_it_to_the_operator()
    {
        await StoreAsync();
        await EndAsync();
        await Database.ExecuteAsync("FLUSHALL");
        await File.WriteAllTextAsync(Copy, "no copy", Stop);
        Begin();
        await Eventually.TrueAsync(() => _server.Loss is not null, "the loss is found");
        Assert.Contains("gateway node restore", _server.Loss, StringComparison.Ordinal);
        Assert.True(_server.AcceptLoss());
        await Eventually.TrueAsync(async () => Value(await Client(null).ListGatewaysAsync(null, null, null, 1, Stop)).Items.Count == 0, "it answers again");
    }

    [Fact]
    public async Task What_the_operator_puts_back_himself_stays()
    {
        var user = await StoreAsync();
        var backup = await RedisBackup.OfAsync(Database);
        await user.ReserveAsync("d.gw.test");
        using (await _server.RestoringAsync(Stop))
        {
            await backup.RestoreAsync(Database);
            _server.Restored();
        }

        Assert.Equal(5, await user.ReserveAsync("e.gw.test"));
        await EndAsync();
        Begin();
        Assert.Equal(404, Refusal(await Again(user).Client.GetWorkloadAsync(4, Stop)).Status);
        Assert.Null(_server.Loss);
    }

    private void Begin()
    {
        _end = new CancellationTokenSource();
        var copy = new LastKnownGood(Copy, NullLogger.Instance);
        (_server, _running) = Start(new ExplorerOptions(), _redis, _end.Token, Path.Combine(_directory, "explorer.ids"), copy, _log);
    }

    private async Task EndAsync()
    {
        await _end.CancelAsync();
        await _running;
        await _server.DisposeAsync();
        _end.Dispose();
    }

    /// <summary>A gateway, a user with a pool, and reservations in three states.</summary>
    private async Task<TestUser> StoreAsync()
    {
        await Eventually.TrueAsync(() => File.Exists(Copy), "there is a copy, of nothing");
        var gateway = Client(ExplorerSigner.Gateway(_gateway));
        var node = new GatewayNode { NodeId = _gateway.Id, PublicKeyHex = _gateway.PublicKey.Hex, FarmId = 1, OsVersion = "test", Location = new GatewayLocation { City = "Ghent" } };
        Value(await gateway.RegisterGatewayAsync(node, Stop));
        var id = Value(await Client(null).CreateUserAsync(new User { Name = "alice.3bot", Email = "alice@example.com", Pubkey = _alice.PublicKey.Hex }, Stop)).Id;
        var client = Client(ExplorerSigner.User(id, _alice));
        var pool = Value(await client.CreatePoolAsync(PoolReservation.Sign(new PoolData { NodeIds = [_gateway.Id], Currencies = ["TFT"] }, id, _alice), Stop));
        var user = new TestUser(id, _alice, pool.ReservationId, client, _gateway.Id);
        foreach (var name in (string[])["a.gw.test", "b.gw.test", "c.gw.test"]) await user.ReserveAsync(name);
        await user.DeleteAsync(3);
        Value(await gateway.ReportDeletedAsync(_gateway.Id, "3-1", Stop));
        return user;
    }

    private TestUser Again(TestUser user) => user with { Client = Client(ExplorerSigner.User(user.Id, _alice)) };

    private ExplorerClient Client(ExplorerSigner? signer) => new(_http, new Uri($"http://{_server.Bound[0]}"), signer, TimeSpan.FromSeconds(60));

    // Counts of writes and rings differ, and when what waits came in.
    private async Task<string> DumpAsync()
    {
        var lines = new List<string>();
        foreach (var key in ((RedisValue[])(await Database.ExecuteAsync("KEYS", RedisSchema.ExplorerKeys))!).Select(it => (string)it!))
        {
            if (key.Contains(":rate:", StringComparison.Ordinal) || key.EndsWith(":doorbell", StringComparison.Ordinal) || key is RedisSchema.ExplorerVersionKey or RedisSchema.ExplorerPuttingBackKey) continue;
            lines.AddRange((await Database.KeyTypeAsync(key)) switch
            {
                RedisType.Hash => (await Database.HashGetAllAsync(key)).Select(it => $"{key} {it.Name} {it.Value}"),
                RedisType.SortedSet => (await Database.SortedSetRangeByScoreWithScoresAsync(key)).Select(it => $"{key} {it.Element} {(key.EndsWith(":queue", StringComparison.Ordinal) ? 0 : it.Score)}"),
                RedisType.String => [$"{key} {await Database.StringGetAsync(key)}"],
                _ => [],
            });
        }

        return string.Join('\n', lines.Order(StringComparer.Ordinal));
    }
}
