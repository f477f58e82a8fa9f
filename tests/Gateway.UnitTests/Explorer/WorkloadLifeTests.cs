using FsCheck;
using FsCheck.Fluent;
using Gateway.Explorer;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.UnitTests.Explorer;

public sealed class WorkloadLifeTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1610000005);
    private static readonly Workload New = new() { Id = 9, WorkloadId = 1, SigningRequestDelete = new SigningRequest { Signers = [7, 8], QuorumMin = 2 } };

    [Fact]
    public void A_new_one_gets_the_servers_time_and_is_deployed_when_nobody_else_must_agree()
    {
        Assert.Equal((NextAction.Deploy, 1610000005), (WorkloadLife.Begin(New, Now).NextAction, WorkloadLife.Begin(New, Now).Epoch.Seconds));
        Assert.Equal(NextAction.Sign, WorkloadLife.Begin(New with { SigningRequestProvision = new SigningRequest { Signers = [8], QuorumMin = 1 } }, Now).NextAction);
    }

    [Fact]
    public void Deletion_needs_as_many_different_signers_as_were_asked_for()
    {
        var workload = Delete(WorkloadLife.Begin(New, Now), 7);
        Assert.Equal(NextAction.Deploy, workload.NextAction);
        Assert.Equal(NextAction.Deploy, Delete(workload, 7).NextAction);
        Assert.Equal(NextAction.Deploy, Delete(workload, 9).NextAction);
        Assert.Equal(NextAction.Delete, Delete(workload, 8).NextAction);
    }

    [Fact]
    public void A_quorum_of_nobody_means_never()
    {
        var workload = WorkloadLife.Begin(New with { SigningRequestDelete = new SigningRequest { Signers = [7] } }, Now);
        Assert.Equal(NextAction.Deploy, Delete(workload, 7).NextAction);
    }

    [Fact]
    public void A_report_is_stamped_by_the_server()
    {
        var sent = new WorkloadResult { WorkloadId = "other", NodeId = "other", Epoch = new ExplorerDate(1), State = ResultState.Ok, Message = "m" };
        var stored = WorkloadLife.Report(WorkloadLife.Begin(New, Now), sent, "node", Now).Result;
        Assert.Equal(("9-1", "node", 1610000005, "m"), (stored.WorkloadId, stored.NodeId, stored.Epoch.Seconds, stored.Message));
    }

    [Fact]
    public void Whatever_happens_after_it_a_wish_to_delete_is_owed_until_the_gateway_says_gone()
    {
        // 0: result ok, 1: result error, 2: signature of 7, 3: of 8, 4: gone.
        Prop.ForAll(Gen.Choose(0, 4).ListOf().ToArbitrary(), steps =>
        {
            var (workload, wished, gone) = (WorkloadLife.Begin(New, Now), false, false);
            foreach (var step in steps)
            {
                workload = Step(workload, step);
                wished |= workload.NextAction == NextAction.Delete;
                gone |= step == 4;
                if (gone && (workload.NextAction != NextAction.Deleted || WorkloadLife.IsOwed(workload) || WorkloadLife.IsLive(workload))) return false;
                if (wished && !gone && !(WorkloadLife.IsOwed(workload) && WorkloadLife.IsLive(workload))) return false;
            }

            return true;
        }).QuickCheckThrowOnFailure();
    }

    private static Workload Step(Workload workload, int step) => step switch
    {
        0 => WorkloadLife.Report(workload, new WorkloadResult { State = ResultState.Ok }, "node", Now),
        1 => WorkloadLife.Report(workload, new WorkloadResult { Message = "no" }, "node", Now),
        2 => Delete(workload, 7),
        3 => Delete(workload, 8),
        _ => WorkloadLife.Gone(workload),
    };

    private static Workload Delete(Workload workload, long signer) => WorkloadLife.AgreeToDelete(workload, new WorkloadSignature { Tid = signer });
}
