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
        machine.Reserve(7, kind, name);
        await machine.HealAsync();
        Assert.True(machine.Ledger.Copy());
        machine.Explorer.Delete(1);
        await machine.HealAsync();
        machine.Ledger.Flush();
        machine.Reserve(9, kind, name);
        await machine.HealAsync();
        Assert.Null(machine.Difference());
        machine.Explorer.IsDown = true;
        machine.Kill();
        await machine.TurnAsync();
        await machine.HealAsync();
        Assert.Null(machine.Difference());
        Assert.Equal((NextAction.Deploy, ResultState.Ok), (machine.Explorer.Workloads[2].NextAction, machine.Explorer.Workloads[2].Result.State));
    }
}
