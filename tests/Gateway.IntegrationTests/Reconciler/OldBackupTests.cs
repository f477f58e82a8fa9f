using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Gateway.Reconciler;
using Gateway.Reconciler.Planning;
using Gateway.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>A node starts on a Redis that is empty, or holds what stood long ago: who has a name now keeps it, and nothing of the books is forgotten.</summary>
[Trait("adv", "R3"), Trait("adv", "R5")]
public sealed class OldBackupTests(RedisFixture redis) : RigTests(redis)
{
    private const string Name = "a.gw.example.com";
    private const string Host = "www.shop.org";

    private readonly string _directory = Directory.CreateTempSubdirectory("gateway-books-").FullName;

    private string Copy => Path.Combine(_directory, "reservations.lkg");

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_earlier_holder_of_a_name_does_not_displace_the_present_one(bool hasCopy)
    {
        RedisBackup backup;
        long present;
        await using (var rig = await StartAsync(options => options.Quarantine = TimeSpan.Zero))
        {
            var former = Explorer.Add(Rig.Subdomain(7, Name, "203.0.113.7"));
            await rig.ReportedAsync(former);
            backup = await RedisBackup.OfAsync(rig.Redis);
            Explorer.Delete(former);
            await rig.EndedAsync(former);
            present = Explorer.Add(Rig.Subdomain(9, Name, "203.0.113.9"));
            await rig.ReportedAsync(present);
        }

        await using var connection = await Redis.ConnectAsync();
        await backup.RestoreAsync(connection.Database);
        if (!hasCopy) File.Delete(Copy);
        await using var again = await StartAsync();
        await again.ServedAsync(present);
        Assert.Equal("9", again.Value(RedisSchema.NameOwnersKey, Name));
        Assert.Equal("""{"a":[{"ip":"203.0.113.9","ttl":3600}]}""", again.Value("gw.example.com.", "a"));
        Assert.Equal((NextAction.Deploy, ResultState.Ok), (Explorer.Find(present)!.NextAction, Explorer.Find(present)!.Result.State));
        Assert.DoesNotContain($"{present}-1", Explorer.Deleted);
    }

    [Fact]
    public async Task While_the_explorer_is_silent_nobody_is_refused_for_what_may_have_ended()
    {
        RedisBackup backup;
        await using (var rig = await StartAsync(options => options.Quarantine = TimeSpan.Zero))
        {
            var former = Explorer.Add(Rig.Subdomain(7, Name, "203.0.113.7"));
            await rig.ReportedAsync(former);
            backup = await RedisBackup.OfAsync(rig.Redis);
            Explorer.Delete(former);
            await rig.EndedAsync(former);
        }

        await using var connection = await Redis.ConnectAsync();
        await backup.RestoreAsync(connection.Database);
        File.Delete(Copy);
        var isSilent = true;
        Explorer.Misbehave = context => Refuse(context, isSilent && context.Request.Path.Value!.Contains("/nodes/workloads/", StringComparison.Ordinal));
        var next = Explorer.Add(Rig.Subdomain(9, Name, "203.0.113.9"));
        await using var again = await StartAsync(options => options.Quarantine = TimeSpan.Zero);
        await Eventually.TrueAsync(() => again.Loop.Status.Deferred == 1, "it waits");
        Assert.Null(Explorer.ResultOf(next));
        isSilent = false;
        await again.ServedAsync(next);
    }

    [Fact, Trait("adv", "R7")]
    public async Task A_copy_that_is_older_than_a_Redis_filled_again_takes_no_name_from_who_got_it_since()
    {
        var former = Explorer.Add(Rig.Subdomain(7, Name, "203.0.113.7"));
        await using (var rig = await StartAsync(options => options.Quarantine = TimeSpan.Zero)) await Eventually.TrueAsync(() => IsInCopy(former), "the copy is made");
        var older = await File.ReadAllBytesAsync(Copy, TestContext.Current.CancellationToken);
        long present;
        await using (var rig = await StartAsync(options => options.Quarantine = TimeSpan.Zero))
        {
            Explorer.Delete(former);
            await rig.EndedAsync(former);
            await Redis.FlushAsync();
            present = Explorer.Add(Rig.Subdomain(9, Name, "203.0.113.9"));
            await rig.ReportedAsync(present);
        }

        // As if it had been killed before the next copy; and nobody says any more that the former reservation has ended.
        await File.WriteAllBytesAsync(Copy, older, TestContext.Current.CancellationToken);
        var isSilent = true;
        Explorer.Misbehave = context => Refuse(context, isSilent && context.Request.Path.Value!.Contains("workloads", StringComparison.Ordinal));
        await using var again = await StartAsync();
        await Eventually.TrueAsync(() => again.Log.Lines.Any(line => line.Contains("last-known-good copy", StringComparison.Ordinal)), "the older copy is read");
        await Eventually.TrueAsync(() => again.Loop.Status.IsLoaded, "it has begun");
        await AssertPresentAsync();
        isSilent = false;
        await again.ServedAsync(present);
        await AssertPresentAsync();
        Assert.Equal((NextAction.Deploy, ResultState.Ok), (Explorer.Find(present)!.NextAction, Explorer.Find(present)!.Result.State));
        Assert.DoesNotContain($"{present}-1", Explorer.Deleted);

        async Task AssertPresentAsync()
        {
            Assert.Equal("9", (string?)await again.Redis.HashGetAsync(RedisSchema.NameOwnersKey, Name));
            Assert.Equal("""{"a":[{"ip":"203.0.113.9","ttl":3600}]}""", again.Value("gw.example.com.", "a"));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rests_proofs_and_frozen_users_come_back_after_a_loss(bool isRestarted)
    {
        await using var resolver = new ProofResolver();
        resolver.Address("ns1.example.com", "192.0.2.53");
        resolver.Alias(Host, "ns1.example.com");
        var rig = await StartAsync(AskResolver);
        var former = Explorer.Add(Rig.Subdomain(7, Name, "203.0.113.7"));
        await rig.ServedAsync(former);
        Explorer.Delete(former);
        await rig.EndedAsync(former);
        var proven = Explorer.Add(Rig.Proxy(7, Host));
        await rig.ReportedAsync(proven);
        var proof = rig.Value(RedisSchema.ProofsKey, Host);
        Assert.NotNull(proof);
        // Nobody can be asked again: what comes back was kept.
        resolver.IsSilent = true;
        await rig.Redis.HashSetAsync(RedisSchema.FrozenKey, "11", "{}");
        var kept = Explorer.Add(Rig.Subdomain(7, "kept.gw.example.com", "203.0.113.7"));
        await rig.ReportedAsync(kept);
        if (isRestarted) await rig.DisposeAsync();
        else await Eventually.TrueAsync(() => IsInCopy(kept), "the copy is up to date");
        await Redis.FlushAsync();
        if (isRestarted) rig = await StartAsync(AskResolver);
        else await rig.Loop.Doorbell.CompareAsync(TestContext.Current.CancellationToken);
        await using var _ = rig;
        await rig.ServedAsync(kept);
        await Eventually.TrueAsync(async () => await rig.Redis.HashExistsAsync(RedisSchema.QuarantineKey, Name), "the name rests again");
        Assert.True(await rig.Redis.HashExistsAsync(RedisSchema.FrozenKey, "11"));
        Assert.Equal(proof, rig.Value(RedisSchema.ProofsKey, Host));
        Assert.True(await rig.IsServedAsync(proven));
        var thief = Explorer.Add(Rig.Subdomain(9, Name, "203.0.113.99"));
        await rig.EndedAsync(thief);
        Assert.Contains("rests until", Explorer.ResultOf(thief)!.Message, StringComparison.Ordinal);

        void AskResolver(ReconcilerOptions options) => (options.ForeignHosts, options.Resolvers) = (ForeignHosts.Proof, [resolver.Endpoint]);
    }

    [Fact]
    public async Task A_Redis_that_is_as_it_was_is_not_written_to()
    {
        await using (var rig = await StartAsync()) await rig.ReportedAsync(Explorer.Add(Rig.Subdomain(7, Name, "203.0.113.7")));
        await using var again = await StartAsync();
        await Eventually.TrueAsync(() => again.Loop.Status.IsLoaded, "it has begun");
        Assert.DoesNotContain(again.Log.Lines, line => line.Contains("last-known-good copy", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_loss_is_told_once_however_often_a_silent_explorer_is_asked_about_it()
    {
        var mine = Explorer.Add(Rig.Subdomain(7, Name, "203.0.113.7"));
        await using (var rig = await StartAsync()) await Eventually.TrueAsync(() => IsInCopy(mine), "the copy is made");
        await Redis.FlushAsync();
        var refused = 0;
        Explorer.Misbehave = context => Refuse(context, context.Request.Path.Value!.Contains("workloads", StringComparison.Ordinal) && Interlocked.Increment(ref refused) > 0);
        await using var again = await StartAsync();
        await Eventually.TrueAsync(() => Volatile.Read(ref refused) > 5, "it asks again and again");
        Assert.True(await again.IsServedAsync(mine));
        Assert.Single(again.Log.Lines, line => line.Contains("the last-known-good copy has", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_comes_after_a_time_of_a_slow_Redis_is_in_the_copy_soon()
    {
        await using var slow = await ForeignRedis.StartAsync();
        await using var wire = new FaultyWire(slow.Port);
        await using var rig = Rig.Start(Explorer, RedisConnection.Open(wire.Endpoint(), TimeProvider.System, NullLoggerFactory.Instance), ownsRedis: true, copy: Copy);
        var first = Explorer.Add(Rig.Subdomain(7, Name, "203.0.113.7"));
        await rig.ReportedAsync(first);
        wire.Delay = TimeSpan.FromMilliseconds(100);
        await Eventually.TrueAsync(() => IsInCopy(first), "the copy is made");
        wire.Delay = TimeSpan.Zero;
        var second = Explorer.Add(Rig.Subdomain(7, "b.gw.example.com", "203.0.113.7"));
        await Eventually.TrueAsync(() => IsInCopy(second), "the copy is made again");
    }

    private bool IsInCopy(long id) => new LastKnownGood(Copy, NullLogger.Instance).TryLoad(out var values, out _) && values.Any(it => it.Key == RedisSchema.ReservationsKey && it.Field == $"{id}-1");

    private static Task<bool> Refuse(HttpContext context, bool isRefused)
    {
        if (isRefused) context.Response.StatusCode = 503;
        return Task.FromResult(isRefused);
    }

    private Task<Rig> StartAsync(Action<ReconcilerOptions>? options = null) => Rig.StartAsync(Redis, Explorer, options, copy: Copy);
}
