using Gateway.Reconciler.Planning;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>Rules of the plan, each tried on a small world of its own.</summary>
public abstract class PlanRules
{
    private protected readonly World _world = new();

    private protected void Accepted(string id)
    {
        var outcome = _world.Round(id);
        Assert.True(outcome is Outcome.Accepted, outcome.ToString());
        Assert.NotNull(_world.Redis["tfgateway_reservations", id]);
        Assert.Empty(_world.Compute().Steps);
    }

    private protected void Refused(string id, string reason = "")
    {
        Assert.Contains(reason, Assert.IsType<Outcome.Rejected>(_world.Round(id)).Reason, StringComparison.Ordinal);
        Assert.Null(_world.Redis["tfgateway_reservations", id]);
        Assert.Empty(_world.Compute().Steps);
    }

    private protected void End(string id)
    {
        _world.Delete(id);
        _world.Round();
    }
}
