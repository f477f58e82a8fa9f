using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Gateway.Model.Reservations;
using StackExchange.Redis;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>A node of the old TFGateway is taken over: docs/migration.md, with the values that it was recorded to write.</summary>
public sealed class MigrationTests(RedisFixture redis) : RigTests(redis)
{
    private long _subdomain;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await using var connection = await Redis.ConnectAsync();
        await FillAsync(connection.Database);
    }

    [Fact]
    public async Task What_the_old_gateway_left_in_Redis_is_served_at_once_and_stays_as_it_is()
    {
        string before;
        await using (var connection = await Redis.ConnectAsync()) before = await DumpAsync(connection.Database);
        await using var node = await ServedRig.StartAsync(Redis.Endpoint, Explorer);
        Assert.True(node.Answers("a.gw.example.com") && node.IsRouted("a.gw.example.com") && node.IsRouted("www.user7.org"));
        await Eventually.TrueAsync(() => Explorer.Results.Count >= 5, "every reservation is known to the new gateway");
        Assert.All(Explorer.Results, it => Assert.Equal(ResultState.Ok, it.Result.State));
        Assert.Empty(Explorer.Deleted);
        // But for the seal, a member that the old gateway passes over.
        Assert.Equal(before, Regex.Replace(await DumpAsync(node.Rig.Redis), ",\"seal\":\"[^\"]+\"", ""));
    }

    [Fact]
    public async Task The_reservations_go_on_and_end_as_their_users_say()
    {
        await using var node = await ServedRig.StartAsync(Redis.Endpoint, Explorer);
        await Eventually.TrueAsync(() => Explorer.Results.Count >= 5 && node.Rig.Loop.Status.Waiting == 0, "every result is reported");
        Explorer.Delete(_subdomain);
        await node.Rig.EndedAsync(_subdomain);
        await Eventually.TrueAsync(() => !node.Answers("a.gw.example.com"), "the name is gone");
        Assert.True(node.IsRouted("www.user7.org"));
        await node.ReserveAsync("new.gw.example.com");
    }

    // Recorded octets of zones and services; the cache of reservations is written octet for octet as recorded (see RecordedValuesTests).
    private async Task FillAsync(IDatabase database)
    {
        foreach (var key in Read("redis-zones.json").GetProperty("keys").EnumerateObject())
            foreach (var field in key.Value.EnumerateObject()) await database.HashSetAsync(key.Name, field.Name, field.Value.GetString());
        foreach (var service in Read("valkeyrie-service.json").GetProperty("written_by_tfgateway").EnumerateArray().Take(2))
            await database.StringSetAsync(service.GetProperty("redis_key").GetString(), service.GetProperty("value_utf8").GetString());
        await ReserveAsync(database, Rig.Delegate(7, "user7.org"));
        _subdomain = await ReserveAsync(database, Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10", "2001:db8::10"));
        await ReserveAsync(database, Rig.Subdomain(7, "www.user7.org", "203.0.113.10"));
        await ReserveAsync(database, Rig.Proxy(7, "www.user7.org"));
        await ReserveAsync(database, Rig.Tunnel(7, "a.gw.example.com", "7:s3cr3t"));
    }

    private async Task<long> ReserveAsync(IDatabase database, Workload workload)
    {
        var id = Explorer.Add(workload);
        var stored = new StoredReservation((workload with { Id = id, WorkloadId = 1 }).OfItsKind().ToReservation(), workload.CustomerSignature, "", 2, new StoredResult(1, "", "null", "beef", new GoTime(DateTimeOffset.UnixEpoch)));
        await database.HashSetAsync(RedisSchema.ReservationsKey, $"{id}-1", RedisSchema.EncodeReservation(stored));
        return id;
    }

    private static async Task<string> DumpAsync(IDatabase database)
    {
        var lines = new StringBuilder();
        foreach (var key in ((string[])(await database.ExecuteAsync("KEYS", "*"))!).Where(key => !key.StartsWith("gateway:", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            if (await database.KeyTypeAsync(key) == RedisType.String) lines.Append(key).Append(' ').AppendLine(await database.StringGetAsync(key));
            else foreach (var field in (await database.HashGetAllAsync(key)).OrderBy(it => (string)it.Name!, StringComparer.Ordinal)) lines.AppendLine($"{key} {field.Name} {field.Value}");
        }

        return lines.ToString();
    }

    private static JsonElement Read(string name)
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Gateway.sln"))) folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("Gateway.sln");
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "tests", "vectors", name)));
        return document.RootElement.Clone();
    }
}
