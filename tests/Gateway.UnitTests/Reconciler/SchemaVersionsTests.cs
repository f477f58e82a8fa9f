using System.Text;
using Gateway.Model;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>Nodes of two versions on one Redis: what the newer one adds to a value is passed over by the older one, and stays.</summary>
[Trait("adv", "R11")]
public sealed class SchemaVersionsTests
{
    private const string Added = "\"from_a_newer_version\":[{\"n\":[1,\"x\",null],\"o\":{}}]";

    [Fact]
    public void What_a_newer_version_adds_is_understood_without_it_and_left_as_it_is()
    {
        var world = new World { Quarantine = TimeSpan.FromHours(1) };
        world.Delegate(7, "user.org");
        world.Subdomain(7, "www.user.org", "203.0.113.10");
        world.Proxy(7, "www.user.org");
        world.Tunnel(7, "t.gw.test");
        var given = world.Subdomain(7, "a.gw.test", "203.0.113.10");
        world.Round();
        world.Delete(given);
        world.Round();
        Assert.Empty(world.Compute().Steps);
        var changed = 0;
        foreach (var key in world.Redis.Keys.ToList())
        {
            if (world.Redis[key] is { } text) changed += Replace(text, value => world.Redis.Set(key, value));
            foreach (var (field, value) in world.Redis.Hash(key).ToList()) changed += Replace(value, newer => world.Redis.Set(key, field, newer));
        }

        Assert.True(changed >= 10, $"{changed} values");
        var before = world.Redis.Dump();
        Assert.Empty(world.Compute().Steps);
        world.Round();
        Assert.Equal(before, world.Redis.Dump());
        // And the older one goes on: it changes its own members only.
        world.Round(world.Subdomain(7, "later.gw.test", "203.0.113.10"));
        Assert.Equal("7", world.Redis[RedisSchema.NameOwnersKey, "later.gw.test"]);
    }

    [Fact]
    public void A_ledger_entry_of_a_newer_version_is_read_without_what_it_adds()
    {
        var changes = new List<RedisSchema.LedgerEntry>();
        Assert.True(RedisSchema.TryDecodeLedgerEntry(["n", "7", "future", "x", "k", "zone", "f", "a.org", "e", "1"], changes));
        Assert.Equal([new(7, "zone", "a.org", 1)], changes);
    }

    [Theory]
    [InlineData("n 7 k zone e 1 g a g b", "zone a 1, zone b 0")]
    [InlineData("n 7 j one j two", "one  1, two  1")]
    [InlineData("n 7 g a", "")]
    [InlineData("n 7", "")]
    [InlineData("n 0 k zone", "")]
    [InlineData("k zone g a", "")]
    [InlineData("n x k zone", "")]
    [InlineData("n 7 k", "")]
    public void A_ledger_entry_tells_of_what_was_set_together(string members, string told)
    {
        var changes = new List<RedisSchema.LedgerEntry>();
        Assert.Equal(told.Length > 0, RedisSchema.TryDecodeLedgerEntry(members.Split(' '), changes));
        Assert.Equal(told, string.Join(", ", changes.Select(it => $"{it.Key} {it.Field} {it.Events}")));
        Assert.All(changes, it => Assert.Equal((7, false), (it.Sequence, it.IsDeletion)));
    }

    private static int Replace(string value, Action<string> with)
    {
        var newer = Newer(value);
        if (newer != value) with(newer);
        return newer == value ? 0 : 1;
    }

    private static string Newer(string value)
    {
        var at = value.IndexOf('{', StringComparison.Ordinal);
        if (at < 0) return value;
        const string Inner = "\"Value\":\"";
        if (value.IndexOf(Inner, StringComparison.Ordinal) is > 0 and var from)
        {
            from += Inner.Length;
            var end = value.IndexOf('"', from);
            var inner = Newer(Encoding.UTF8.GetString(Convert.FromBase64String(value[from..end])));
            value = value[..from] + Convert.ToBase64String(Encoding.UTF8.GetBytes(inner)) + value[end..];
        }

        return value[..(at + 1)] + Added + (value[at + 1] == '}' ? "" : ",") + value[(at + 1)..];
    }
}
