using Gateway.Dns;
using Gateway.IntegrationTests.Dns;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>The explorer lists a gateway whose managed domains the world can ask for, and no other.</summary>
public sealed class RegistrationTests(RedisFixture redis) : IClassFixture<RedisFixture>, IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new();
    private FakeExplorer _explorer = null!;
    private RedisConnection _connection = null!;
    private ZoneFeed _zones = null!;
    private NameServer _server = null!;
    private Task _running = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        await redis.FlushAsync();
        _explorer = await FakeExplorer.StartAsync();
        _connection = await redis.ConnectAsync();
        _zones = new ZoneFeed(_connection, RunningNameServer.Options(), null, TimeProvider.System, NullLoggerFactory.Instance);
        _server = new NameServer(RunningNameServer.Options(), _zones, TimeProvider.System, NullLoggerFactory.Instance);
        Assert.Empty(_server.Bind());
        _running = _server.RunAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _server.DisposeAsync();
        await _connection.DisposeAsync();
        await _explorer.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task It_waits_until_the_own_name_server_serves_the_proof()
    {
        await using var rig = Rig.Start(_explorer, _connection, ownsRedis: false, nameServer: _server.Bound[0]);
        // Redis has the proof and reservations are served; the name server has not read them.
        await rig.ServedAsync(_explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10")));
        await Eventually.TrueAsync(() => rig.Log.Lines.Any(it => it.Contains("does not serve __owner__.gw.example.com yet", StringComparison.Ordinal)), "the operator is told what is missing");
        Assert.Null(_explorer.Registered);
        Assert.False(rig.Loop.Status.IsRegistered);

        ReadRedis();
        await Eventually.TrueAsync(() => _explorer.Registered is not null, "it is registered");
        Assert.Equal(Rig.Gateway.Id, _explorer.Registered!.NodeId);
    }

    [Fact]
    public async Task An_explorer_that_refuses_to_hear_of_its_uptime_is_told_of_once_for_each_reason()
    {
        ReadRedis();
        var (status, refused) = (200, 0);
        _explorer.Misbehave = context =>
        {
            if (status == 200 || !context.Request.Path.Value!.EndsWith("/uptime", StringComparison.Ordinal)) return Task.FromResult(false);
            context.Response.StatusCode = status;
            Interlocked.Increment(ref refused);
            return Task.FromResult(true);
        };
        await using var rig = Rig.Start(_explorer, _connection, ownsRedis: false, nameServer: _server.Bound[0], options: it => it.UptimeInterval = TimeSpan.FromMilliseconds(50));
        await Eventually.TrueAsync(() => _explorer.Uptimes > 0, "it is registered");
        await RefuseAsync(401);
        await RefuseAsync(500);
        Assert.Equal(["401", "500"], rig.Log.Lines.Where(it => it.Contains("that this gateway lives", StringComparison.Ordinal)).Select(it => it.Split('(', ')')[1]));

        async Task RefuseAsync(int code)
        {
            (status, refused) = (code, 0);
            await Eventually.TrueAsync(() => Volatile.Read(ref refused) > 2, "it is refused again and again");
        }
    }

    [Fact]
    public async Task A_domain_that_somebody_else_holds_is_left_out_until_he_gives_it_up()
    {
        ReadRedis();
        long held;
        await using (var before = Rig.Start(_explorer, _connection, ownsRedis: false))
        {
            held = _explorer.Add(Rig.Delegate(7, "user7.org"));
            await before.ReportedAsync(held);
        }

        await using var rig = Rig.Start(_explorer, _connection, ownsRedis: false, nameServer: _server.Bound[0], domains: ["gw.example.com", "user7.org"]);
        await Eventually.TrueAsync(() => rig.Loop.Status.IsRegistered, "it is registered for what is its own");
        Assert.Equal(["gw.example.com"], _explorer.Registered!.ManagedDomains!);
        Assert.Equal("user 7", rig.Loop.Status.HeldByOthers[DomainName.Parse("user7.org")]);
        Assert.Contains(rig.Log.Lines, it => it.StartsWith("Error", StringComparison.Ordinal) && it.Contains("user7.org cannot be managed", StringComparison.Ordinal) && it.Contains("user 7", StringComparison.Ordinal));
        _explorer.Delete(held);
        await rig.EndedAsync(held);
        rig.Loop.CompareNow();
        await Eventually.TrueAsync(() => _explorer.Registered!.ManagedDomains is { Count: 2 } && rig.Loop.Status is { IsRegistered: true, HeldByOthers.Count: 0 }, "it is announced now");
    }

    [Fact]
    public async Task The_domain_of_another_gateway_is_not_announced()
    {
        var other = Identity.FromSeed("another-gateway-0123456789abcdef"u8);
        await _connection.Database.HashSetAsync("gw.example.com.", "__owner__", $$"""{"txt":[{"ttl":3600,"text":"{\"identity\":\"{{other.Id}}\",\"owner\":\"{{other.Id}}\"}"}]}""");
        await _connection.Database.HashSetAsync("zone", "gw.example.com", $$"""{"Owner":"{{other.Id}}"}""");
        ReadRedis();
        await using var rig = Rig.Start(_explorer, _connection, ownsRedis: false, nameServer: _server.Bound[0]);
        await Eventually.TrueAsync(() => rig.Loop.Status.IsRegistered, "it is registered");
        Assert.Empty(_explorer.Registered!.ManagedDomains!);
        Assert.Equal($"the gateway {other.Id}", rig.Loop.Status.HeldByOthers[DomainName.Parse("gw.example.com")]);
    }

    private void ReadRedis() =>
        _running = Task.WhenAll(_running, new ChangeFeed(_connection, [_zones], new ChangeFeedOptions(), TimeProvider.System, NullLogger<ChangeFeed>.Instance).RunAsync(_stop.Token));
}
