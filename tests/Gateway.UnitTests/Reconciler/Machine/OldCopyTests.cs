using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.UnitTests.Reconciler.Machine;

/// <summary>Redis was emptied and filled again, and the power fails before a new copy of the books is made: the copy is older than what Redis holds.</summary>
public sealed class OldCopyTests
{
    [Theory, Trait("adv", "R7")]
    [InlineData(WorkloadType.Proxy, "elsewhere.example")]
    [InlineData(WorkloadType.Subdomain, "a.gw.test")]
    [InlineData(WorkloadType.DomainDelegate, "user.org")]
    public async Task A_name_given_since_the_copy_was_made_stays_with_its_holder(WorkloadType kind, string name)
    {
        using var machine = new Machine();
        await ChangeHandsAsync(machine, kind, name, name);
        Assert.Null(machine.Difference());
        machine.Explorer.IsDown = true;
        machine.Kill();
        await machine.TurnAsync();
        await machine.HealAsync();
        Assert.Null(machine.Difference());
        Assert.Equal((NextAction.Deploy, ResultState.Ok), (machine.Explorer.Workloads[2].NextAction, machine.Explorer.Workloads[2].Result.State));
    }

    [Theory, Trait("adv", "R7")]
    [InlineData(WorkloadType.Proxy, "elsewhere.example", false)]
    [InlineData(WorkloadType.Proxy, "a.gw.test", true)]
    [InlineData(WorkloadType.Subdomain, "a.gw.test", false)]
    [InlineData(WorkloadType.Subdomain, "a.gw.test", true)]
    [InlineData(WorkloadType.DomainDelegate, "user.org", true)]
    public async Task Nor_does_it_go_when_the_holders_reservation_cannot_be_read(WorkloadType kind, string name, bool isDeletedThen)
    {
        using var machine = new Machine();
        await ChangeHandsAsync(machine, kind, name, name);
        var stood = Served(machine);
        machine.Ledger.Redis.Set(RedisSchema.ReservationsKey, machine.Explorer.Workloads[2].GlobalId, "garbage");
        machine.Explorer.IsDown = true;
        machine.Kill();
        await machine.TurnAsync();
        Assert.Equal(stood, Served(machine));
        if (isDeletedThen) machine.Explorer.Delete(2);
        await machine.HealAsync();
        Assert.Null(machine.Difference());
        Assert.Equal(isDeletedThen ? NextAction.Deleted : NextAction.Deploy, machine.Explorer.Workloads[2].NextAction);
    }

    [Theory, Trait("adv", "R6"), Trait("adv", "R7")]
    [InlineData(WorkloadType.Subdomain, "x.a.gw.test", "a.gw.test")]
    [InlineData(WorkloadType.Subdomain, "a.gw.test", "x.a.gw.test")]
    [InlineData(WorkloadType.Proxy, "x.a.gw.test", "a.gw.test")]
    [InlineData(WorkloadType.DomainDelegate, "sub.user.org", "user.org")]
    [InlineData(WorkloadType.DomainDelegate, "user.org", "sub.user.org")]
    public async Task Nothing_comes_back_above_or_below_what_another_got_since(WorkloadType kind, string old, string held)
    {
        using var machine = new Machine();
        await ChangeHandsAsync(machine, kind, old, held);
        var stood = Served(machine);
        machine.Explorer.IsDown = true;
        machine.Kill();
        await machine.TurnAsync();
        Assert.Equal(stood, Served(machine));
        await machine.HealAsync();
        Assert.Null(machine.Difference());
    }

    [Theory, Trait("adv", "R6"), Trait("adv", "R7")]
    [InlineData(WorkloadType.Subdomain, "a.gw.test", "a.gw.test")]
    [InlineData(WorkloadType.Proxy, "x.a.gw.test", "a.gw.test")]
    [InlineData(WorkloadType.DomainDelegate, "user.org", "user.org")]
    public async Task Nor_to_where_something_rests_for_another(WorkloadType kind, string old, string given)
    {
        using var machine = new Machine(isSevere: false, isOperated: true);
        await ChangeHandsAsync(machine, kind, old, given);
        machine.Explorer.Delete(2);
        await machine.HealAsync();
        var stood = Served(machine);
        machine.Explorer.IsDown = true;
        machine.Kill();
        await machine.TurnAsync();
        Assert.Equal(stood, Served(machine));
        await machine.HealAsync();
        Assert.Null(machine.Difference());
    }

    [Fact, Trait("adv", "R6")]
    public async Task What_came_back_and_turns_out_to_be_over_leaves_its_name_at_rest()
    {
        using var machine = new Machine(isSevere: false, isOperated: true);
        await LoseAfterCopyAsync(machine, WorkloadType.Subdomain, "a.gw.test");
        machine.Explorer.IsDown = true;
        machine.Kill();
        await machine.TurnAsync();
        Assert.Contains("a.gw.test 7", Served(machine), StringComparison.Ordinal);
        machine.Reserve(9, WorkloadType.Subdomain, "a.gw.test");
        await machine.HealAsync();
        Assert.Null(machine.Difference());
        Assert.Contains("rests until", machine.Explorer.Workloads[2].Result.Message, StringComparison.Ordinal);
    }

    // User 9 has got the one since the copy was made, in which user 7 has the other.
    private static async Task ChangeHandsAsync(Machine machine, WorkloadType kind, string old, string held)
    {
        await LoseAfterCopyAsync(machine, kind, old);
        machine.Reserve(9, kind, held, "203.0.113.9");
        await machine.HealAsync();
    }

    private static async Task LoseAfterCopyAsync(Machine machine, WorkloadType kind, string name)
    {
        machine.Reserve(7, kind, name, "203.0.113.7");
        await machine.HealAsync();
        Assert.True(machine.Ledger.Copy());
        machine.Explorer.Delete(1);
        await machine.HealAsync();
        machine.Ledger.Flush();
    }

    // What visitors get: whose each name is, and where it leads.
    private static string Served(Machine machine)
    {
        var redis = machine.Ledger.Redis;
        string[] hashes = [RedisSchema.ZoneOwnersKey, RedisSchema.NameOwnersKey, "gw.test.", "user.org."];
        return string.Join('\n', [.. hashes.SelectMany(key => redis.Hash(key).Select(it => $"{key} {it.Key} {it.Value}")), .. redis.Strings.Select(key => $"{key} {redis[key]}")]);
    }
}
