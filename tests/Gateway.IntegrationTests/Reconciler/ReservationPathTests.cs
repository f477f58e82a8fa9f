using System.Diagnostics;
using Gateway.Explorer;
using Gateway.ExplorerApi;
using Gateway.IntegrationTests.Explorer;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Gateway.Model.Routes;
using Gateway.Reconciler;
using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>Our own explorer, the change feed, the reconciler and a real Redis: from a user's signed request to the keys that are served.</summary>
public sealed class ReservationPathTests(ExplorerFixture explorer, ITestOutputHelper output) : IClassFixture<ExplorerFixture>
{
    private static readonly DomainName Managed = DomainName.Parse("gw.example.com");

    [Fact]
    public async Task A_reservation_is_noticed_by_its_ring_and_written_and_reported()
    {
        await using var path = new Path(explorer);
        var user = await explorer.UserAsync("alice");
        var id = await user.ReserveAsync("a.gw.example.com");
        await Eventually.TrueAsync(async () => await explorer.Connection.Database.HashExistsAsync("gw.example.com.", "a"), "the record stands");
        await Eventually.TrueAsync(async () => (await WorkloadAsync(id)).Result.State == ResultState.Ok, "the result is reported");
        Assert.True(ResultSignature.Verify((await WorkloadAsync(id)).Result, explorer.Gateway.PublicKey));
        await user.DeleteAsync(id);
        await Eventually.TrueAsync(async () => (await WorkloadAsync(id)).NextAction == NextAction.Deleted, "the end is reported");
        Assert.False(await explorer.Connection.Database.HashExistsAsync("gw.example.com.", "a"));
    }

    [Fact]
    public async Task Sixty_reservations_one_after_the_other_are_each_written_while_their_users_wait()
    {
        await using var path = new Path(explorer);
        var user = await explorer.UserAsync("bob");
        var took = new List<double>();
        for (var i = 0; i < 60; i++)
        {
            await user.ReserveAsync($"n{i}.gw.example.com");
            var begun = Stopwatch.GetTimestamp();
            var field = $"n{i}";
            await Eventually.TrueAsync(async () => await explorer.Connection.Database.HashExistsAsync("gw.example.com.", field), $"{field} stands");
            took.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        took.Sort();
        output.WriteLine($"stored to written: p50 {took[30]:F1} ms, p90 {took[54]:F1} ms, worst {took[59]:F1} ms");
    }

    [Fact, Trait("adv", "R1")]
    public async Task Of_many_users_who_reserve_one_name_at_once_by_two_servers_exactly_one_gets_it_and_the_others_are_told()
    {
        const string Name = "race.gw.example.com";
        using var stop = new CancellationTokenSource();
        var (second, running) = ExplorerFixture.Start(new ExplorerOptions(), explorer.Connection, stop.Token);
        await using var path = new Path(explorer);
        var users = new List<TestUser>();
        for (var i = 0; i < 16; i++) users.Add(await explorer.UserAsync($"racer{i}"));
        var there = new Uri($"http://{second.Bound[0]}");
        var ids = await Task.WhenAll(users.Select((user, i) =>
            (i % 2 == 0 ? user : user with { Client = new ExplorerClient(explorer.Http, there, ExplorerSigner.User(user.Id, user.Identity), TimeSpan.FromSeconds(60)) }).ReserveAsync(Name)));
        Assert.Equal(ids.Length, ids.Distinct().Count());
        await Eventually.TrueAsync(
            async () => (await Task.WhenAll(ids.Select(WorkloadAsync))).All(it => it.NextAction == NextAction.Deleted || it.Result.State == ResultState.Ok),
            "everybody knows");
        var all = await Task.WhenAll(ids.Select(WorkloadAsync));
        var winner = Assert.Single(all, it => it.NextAction == NextAction.Deploy);
        Assert.Equal($"{winner.CustomerTid}", (string?)await explorer.Connection.Database.HashGetAsync(RedisSchema.NameOwnersKey, Name));
        Assert.All(all.Where(it => it.Id != winner.Id), it => Assert.Contains("already reserved by another user", it.Result.Message, StringComparison.Ordinal));
        await stop.CancelAsync();
        await running;
        await second.DisposeAsync();
    }

    private async Task<Workload> WorkloadAsync(long id) => ExplorerFixture.Value(await explorer.Client().GetWorkloadAsync(id, ExplorerFixture.Stop));

    private sealed class Path : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly ReconcileLoop _loop;
        private readonly Task[] _running;

        public Path(ExplorerFixture explorer)
        {
            var node = new ReconciledNode(explorer.Gateway, [Managed], [DomainName.Parse("ns1.example.com")], 18000, "gateway/test", DialRules.PublicOnly);
            _loop = new ReconcileLoop(new ReconcilerOptions { PollInterval = TimeSpan.FromMinutes(10) }, node, explorer.Connection, explorer.Client(ExplorerSigner.Gateway(explorer.Gateway)), explorer.Root, TimeProvider.System, NullLoggerFactory.Instance);
            var feed = new ChangeFeed(explorer.Connection, [_loop.Doorbell], new ChangeFeedOptions(), TimeProvider.System, NullLogger<ChangeFeed>.Instance);
            _running = [feed.RunAsync(_stop.Token), _loop.RunAsync(_stop.Token)];
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _loop.Dispose();
            _stop.Dispose();
        }
    }
}
