using Gateway.Model;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>The power fails after each step of a plan, one after the other; what comes up again must end where it would have ended.</summary>
public sealed class PlanCrashTests
{
    [Fact, Trait("adv", "R7")]
    public void A_crash_after_any_step_converges_in_one_round_and_leaves_nothing_behind()
    {
        var steps = Prepare().WriteSome(int.MaxValue);
        Assert.True(steps >= 8, "the story has become too short to prove anything");
        var expected = End(Prepare());
        for (var i = 0; i <= steps; i++)
        {
            var world = Prepare();
            world.WriteSome(i);
            Assert.Equal(expected, End(world.Restart()));
        }
    }

    [Fact, Trait("adv", "R7")]
    public void Two_crashes_in_a_row_converge_as_well()
    {
        var steps = Prepare().WriteSome(int.MaxValue);
        var expected = End(Prepare());
        for (var i = 0; i <= steps; i++)
        {
            var world = Prepare();
            world.WriteSome(i);
            var again = world.Restart();
            again.WriteSome(1);
            Assert.Equal(expected, End(again.Restart()));
        }
    }

    /// <summary>Something of everything: a zone is given up, one changes hands, names end, begin and pass on, and one is refused.</summary>
    private static World Prepare()
    {
        var world = new World();
        var left = world.Delegate(7, "left.org", 1);
        world.Subdomain(7, "www.left.org", 2, "203.0.113.1");
        world.Tunnel(7, "www.left.org", id: 3);
        var sold = world.Delegate(7, "sold.org", 4);
        world.Subdomain(7, "www.sold.org", 5, "203.0.113.1");
        var ends = world.Subdomain(7, "a.gw.test", 6, "203.0.113.1");
        world.Subdomain(7, "b.gw.test", 7, "203.0.113.1");
        var host = world.Proxy(7, "b.gw.test", id: 8);
        world.Round();
        foreach (var id in (string[])[left, sold, ends, host]) world.Delete(id);
        world.Delegate(9, "sold.org", 11);
        world.Subdomain(9, "www.sold.org", 12, "203.0.113.9");
        world.Subdomain(9, "a.gw.test", 13, "203.0.113.9");
        world.Subdomain(9, "b.gw.test", 14, "203.0.113.9");
        world.Subdomain(9, "c.gw.test", 18, "203.0.113.9");
        world.Tunnel(7, "b.gw.test", id: 15);
        world.Delegate(9, "new.org", 16);
        world.Proxy(9, "new.org", id: 17);
        return world;
    }

    private static string End(World world)
    {
        world.Write();
        var told = world.Redis.Hash(RedisSchema.OutboxKey).OrderBy(it => it.Key, StringComparer.Ordinal).Select(it => $"{it.Key} {it.Value}").ToList();
        world.Settle();
        world.Round();
        return world.Redis.Dump() + "\n" + string.Join('\n', told);
    }
}
