using System.Text;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using StackExchange.Redis;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>
/// A version that is still to come has written to the same Redis: its members are passed over, what it wrote is served, and it finds
/// everything as it was when it comes back.
/// </summary>
[Trait("adv", "R11")]
public sealed class MixedVersionTests(RedisFixture redis) : RigTests(redis)
{
    private const string Zone = "gw.example.com.";

    [Fact]
    public async Task Values_with_members_of_a_later_version_are_served_and_left_as_they_are()
    {
        var (name, host) = (Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10")), Explorer.Add(Rig.Proxy(7, "a.gw.example.com")));
        await using (var now = await Rig.StartAsync(Redis, Explorer))
        {
            await now.ReportedAsync(name);
            await now.ReportedAsync(host);
            await Eventually.TrueAsync(() => now.Redis.HashLength(RedisSchema.OutboxKey) == 0, "everything is told");
            await UpgradeAsync(now.Redis, name, host);
        }

        string later;
        await using (var connection = await Redis.ConnectAsync()) later = await DumpAsync(connection.Database);
        await using var node = await ServedRig.StartAsync(Redis.Endpoint, Explorer);
        Assert.True(node.Answers("a.gw.example.com") && node.IsRouted("a.gw.example.com"));
        node.Rig.Loop.CompareNow();
        await node.ReserveAsync("b.gw.example.com");
        Assert.Equal(later, await DumpAsync(node.Rig.Redis));
        Explorer.Delete(host);
        await node.Rig.EndedAsync(host);
        await Eventually.TrueAsync(() => !node.IsRouted("a.gw.example.com"), "the route is gone");
    }

    private static async Task UpgradeAsync(IDatabase database, long name, long host)
    {
        await RewriteAsync(database, "zone", "gw.example.com");
        await RewriteAsync(database, Zone, "a");
        await RewriteAsync(database, RedisSchema.ReservationsKey, $"{name}-1");
        await RewriteAsync(database, RedisSchema.ReservationsKey, $"{host}-1");
        var key = RedisSchema.ServiceKey(DomainName.Parse("a.gw.example.com"));
        var (outer, start) = ((string)(await database.StringGetAsync(key))!, "\"Value\":\"");
        var at = outer.IndexOf(start, StringComparison.Ordinal) + start.Length;
        var inner = Later(Encoding.UTF8.GetString(Convert.FromBase64String(outer[at..outer.IndexOf('"', at)])));
        await database.StringSetAsync(key, $"{outer[..at]}{Convert.ToBase64String(Encoding.UTF8.GetBytes(inner))}\"}}");
    }

    private static async Task RewriteAsync(IDatabase database, string key, string field) =>
        await database.HashSetAsync(key, field, Later((string)(await database.HashGetAsync(key, field))!));

    private static string Later(string json) => json.TrimEnd()[..^1] + ",\"later\":{\"kind\":[1,2,{\"x\":null}]}}";

    // What the later version had written; not what was reserved since.
    private static async Task<string> DumpAsync(IDatabase database)
    {
        var lines = new StringBuilder();
        foreach (var (key, field) in new[] { ("zone", "gw.example.com"), (Zone, "a"), (RedisSchema.ReservationsKey, "1-1"), (RedisSchema.ReservationsKey, "2-1"), ("managed_domains", "a.gw.example.com") })
            lines.AppendLine($"{key} {field} {await database.HashGetAsync(key, field)}");
        return lines.Append(await database.StringGetAsync(RedisSchema.ServiceKey(DomainName.Parse("a.gw.example.com")))).ToString();
    }
}
