using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.UnitTests.Reconciler.Machine;

/// <summary>
/// kill -9 before and after every single step of input and output of a gateway that applies, reports and deletes: every request to
/// the explorer and every batch to Redis, one after the other. What starts again ends in one round where it would have ended.
/// </summary>
public sealed class KillSweepTests
{
    [Fact, Trait("adv", "R7")]
    public async Task A_kill_at_any_step_converges_in_one_round_and_leaves_no_orphan()
    {
        using var undisturbed = Prepare();
        await RoundAsync(undisturbed);
        var steps = undisturbed.Spent;
        Assert.True(steps >= 30, $"the story has become too short to prove anything: {steps} steps");
        await RoundAsync(undisturbed);
        Assert.Null(undisturbed.Difference());
        for (var i = 0; i < steps; i++)
        {
            using var machine = Prepare();
            await machine.CrashAsync(i, () => RoundAsync(machine));
            Assert.Null(machine.Fault());
            await RoundAsync(machine);
            Assert.True(machine.Difference() is null, $"killed at step {i}: {machine.Difference()}");
            Assert.Empty(machine.Ledger.Redis.Hash(RedisSchema.OutboxKey));
        }
    }

    [Fact, Trait("adv", "R7")]
    public async Task Two_kills_in_a_row_converge_as_well()
    {
        using var undisturbed = Prepare();
        await RoundAsync(undisturbed);
        for (var i = 0; i < undisturbed.Spent; i++)
        {
            using var machine = Prepare();
            await machine.CrashAsync(i, () => RoundAsync(machine));
            await machine.CrashAsync(i % 7, () => RoundAsync(machine));
            await RoundAsync(machine);
            Assert.True(machine.Difference() is null, $"killed at step {i}: {machine.Difference()}");
        }
    }

    /// <summary>Something of everything stands, much of it is deleted, and others want the names.</summary>
    private static Machine Prepare()
    {
        var machine = new Machine();
        machine.Reserve(7, WorkloadType.DomainDelegate, "user.org");
        machine.Reserve(7, WorkloadType.Subdomain, "www.user.org");
        machine.Reserve(7, WorkloadType.ReverseProxy, "www.user.org");
        machine.Reserve(7, WorkloadType.DomainDelegate, "other.net");
        machine.Reserve(7, WorkloadType.Subdomain, "www.other.net");
        machine.Reserve(7, WorkloadType.Subdomain, "a.gw.test");
        machine.Reserve(7, WorkloadType.Subdomain, "b.gw.test");
        machine.Reserve(7, WorkloadType.Proxy, "b.gw.test", "198.51.100.7");
        RoundAsync(machine).GetAwaiter().GetResult();
        foreach (var id in (long[])[1, 2, 4, 5, 6, 8]) machine.Explorer.Delete(id);
        machine.Reserve(9, WorkloadType.DomainDelegate, "other.net");
        machine.Reserve(9, WorkloadType.Subdomain, "www.other.net", "203.0.113.9");
        machine.Reserve(9, WorkloadType.Subdomain, "a.gw.test", "203.0.113.9");
        machine.Reserve(9, WorkloadType.Subdomain, "b.gw.test", "203.0.113.9");
        machine.Reserve(7, WorkloadType.ReverseProxy, "b.gw.test");
        machine.Spent = 0;
        return machine;
    }

    /// <summary>A turn, the reports, and a turn for what the explorer's queue brings only when nothing is new.</summary>
    private static async Task RoundAsync(Machine machine)
    {
        for (var i = 0; i < 2; i++)
        {
            await machine.TurnAsync();
            while (machine.Ledger.Redis.Hash(RedisSchema.OutboxKey).Count > 0) await machine.ReportAsync();
        }
    }
}
