using Gateway.Explorer;
using Gateway.ExplorerApi;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Xunit;
using static Gateway.IntegrationTests.Explorer.ExplorerFixture;

namespace Gateway.IntegrationTests.Explorer;

/// <summary>What gateways are told, and what becomes of their reports. Each test has a gateway of its own.</summary>
public sealed class ExplorerQueueTests(ExplorerFixture explorer) : IClassFixture<ExplorerFixture>
{
    private readonly Identity _gateway = Identity.Create();

    private ExplorerClient Gateway => explorer.Client(ExplorerSigner.Gateway(_gateway));

    [Fact]
    public async Task A_new_workload_is_told_by_its_id_and_again_from_the_queue_until_its_result_comes()
    {
        var user = await explorer.UserAsync("queue1.3bot", _gateway);
        var id = await user.ReserveAsync("a.gw.example.com");
        Assert.Equal([id], await PollAsync(0, lastId: id));
        Assert.Equal([id], await PollAsync(id, lastId: id));
        Assert.Equal([id], await PollAsync(id + 1, lastId: id + 1));
        Assert.Equal([id], await PollAsync(id + 1000, lastId: id + 1000));
        await ReportAsync(id, ResultState.Ok);
        Assert.Empty(await PollAsync(id + 1));
        Assert.Equal([id], await PollAsync(0, lastId: id));
    }

    [Fact]
    public async Task An_empty_poll_says_the_highest_id_of_all()
    {
        var user = await explorer.UserAsync("queue2.3bot");
        var id = await user.ReserveAsync("b.gw.example.com");
        var page = Value(await explorer.Client().PollAsync(Identity.Create().Id, 0, Stop));
        Assert.Empty(page.Workloads);
        Assert.True(page.LastId >= id);
    }

    [Fact]
    public async Task A_deletion_comes_through_the_queue_until_the_gateway_says_it_is_gone()
    {
        var user = await explorer.UserAsync("queue3.3bot", _gateway);
        var id = await user.ReserveAsync("c.gw.example.com");
        await ReportAsync(id, ResultState.Ok);
        await user.DeleteAsync(id);
        var told = Value(await Gateway.PollAsync(_gateway.Id, id + 1, Stop)).Workloads;
        Assert.Equal((id, NextAction.Delete, ResultState.Ok), (told.Single().Id, told.Single().NextAction, told.Single().Result.State));
        Value(await Gateway.ReportDeletedAsync(_gateway.Id, $"{id}-1", Stop));
        Assert.Empty(await PollAsync(id + 1));
        Assert.Empty(await PollAsync(0));
        var stored = Value(await user.Client.GetWorkloadAsync(id, Stop));
        Assert.Equal((NextAction.Deleted, ResultState.Deleted), (stored.NextAction, stored.Result.State));
    }

    [Fact]
    public async Task A_late_result_does_not_lose_the_deletion()
    {
        // The original forgot the deletion when a result came after it: the name was served for ever.
        var user = await explorer.UserAsync("queue4.3bot", _gateway);
        var id = await user.ReserveAsync("d.gw.example.com");
        await user.DeleteAsync(id);
        await ReportAsync(id, ResultState.Ok);
        Assert.Equal([id], await PollAsync(id + 1, lastId: id + 1));
        Assert.Equal(NextAction.Delete, Value(await user.Client.GetWorkloadAsync(id, Stop)).NextAction);
    }

    [Fact]
    public async Task A_result_after_the_end_changes_nothing()
    {
        var user = await explorer.UserAsync("queue5.3bot", _gateway);
        var id = await user.ReserveAsync("e.gw.example.com");
        await user.DeleteAsync(id);
        Value(await Gateway.ReportDeletedAsync(_gateway.Id, $"{id}-1", Stop));
        await ReportAsync(id, ResultState.Error, "late");
        await ReportAsync(id, ResultState.Ok);
        Assert.Equal(NextAction.Deleted, Value(await user.Client.GetWorkloadAsync(id, Stop)).NextAction);
        Assert.Empty(await PollAsync(id + 1));
    }

    [Fact]
    public async Task A_failure_ends_deleted_with_its_message_readable()
    {
        var user = await explorer.UserAsync("queue6.3bot", _gateway);
        var id = await user.ReserveAsync("f.gw.example.com");
        await ReportAsync(id, ResultState.Error, "subdomain already reserved");
        Assert.Equal(NextAction.Delete, Value(await user.Client.GetWorkloadAsync(id, Stop)).NextAction);
        Value(await Gateway.ReportDeletedAsync(_gateway.Id, $"{id}-1", Stop));
        var stored = Value(await user.Client.GetWorkloadAsync(id, Stop));
        Assert.Equal((NextAction.Deleted, ResultState.Deleted, "subdomain already reserved"), (stored.NextAction, stored.Result.State, stored.Result.Message));
        Assert.Equal((WorkloadType.Subdomain, _gateway.Id, $"{id}-1"), (stored.Result.Category, stored.Result.NodeId, stored.Result.WorkloadId));
    }

    [Fact]
    public async Task Pages_hold_two_hundred_and_go_on_where_they_ended()
    {
        var user = await explorer.UserAsync("queue7.3bot", _gateway);
        var ids = await Task.WhenAll(Enumerable.Range(0, 450).Select(i => user.ReserveAsync($"n{i}.gw.example.com")));
        var seen = new List<long>();
        for (long from = 0; seen.Count < ids.Length;)
        {
            var page = Value(await Gateway.PollAsync(_gateway.Id, from, Stop));
            Assert.InRange(page.Workloads.Count, 1, 200);
            seen.AddRange(page.Workloads.Select(workload => workload.Id));
            from = page.LastId + 1;
        }

        Assert.Equal(ids.Order(), seen);
        Assert.Equal(200, Value(await Gateway.PollAsync(_gateway.Id, seen[^1] + 1, Stop)).Workloads.Count);
    }

    [Fact]
    public async Task An_operator_may_let_old_clients_sign_as_late_and_report_as_freely_as_the_original_did()
    {
        using var stop = new CancellationTokenSource();
        var (server, running) = Start(new ExplorerOptions { SignatureTolerance = TimeSpan.Zero, VerifyReports = false }, explorer.Connection, stop.Token);
        await using (server)
        {
            var user = await explorer.UserAsync("queue-old.3bot", _gateway);
            var id = await user.ReserveAsync("old.gw.example.com");
            var root = new Uri($"http://{server.Bound[0]}");
            var late = new ExplorerClient(explorer.Http, root, ExplorerSigner.User(user.Id, user.Identity), time: new Yesterday());
            Value(await late.CreateWorkloadAsync(user.Subdomain("late.gw.example.com"), Stop));
            Assert.Equal(401, Refusal(await new ExplorerClient(explorer.Http, explorer.Root, ExplorerSigner.User(user.Id, user.Identity), time: new Yesterday()).CreateWorkloadAsync(user.Subdomain("later.gw.example.com"), Stop)).Status);
            Value(await new ExplorerClient(explorer.Http, root).PutResultAsync(_gateway.Id, $"{id}-1", new WorkloadResult { State = ResultState.Ok }, Stop));
            Value(await new ExplorerClient(explorer.Http, root).ReportDeletedAsync(_gateway.Id, $"{id}-1", Stop));
            Assert.Equal(NextAction.Deleted, Value(await user.Client.GetWorkloadAsync(id, Stop)).NextAction);
            await stop.CancelAsync();
            await running;
        }
    }

    [Fact]
    [Trait("adv", "R9")]
    public async Task Only_the_gateway_reports_about_its_workloads()
    {
        var user = await explorer.UserAsync("queue8.3bot", _gateway);
        var id = await user.ReserveAsync("g.gw.example.com");
        var stranger = Identity.Create();
        var forged = ResultSignature.Sign(new WorkloadResult { State = ResultState.Error, Message = "haha" }, stranger);
        Assert.Equal(401, Refusal(await explorer.Client().PutResultAsync(_gateway.Id, $"{id}-1", forged, Stop)).Status);
        Assert.Equal(401, Refusal(await explorer.Client(ExplorerSigner.Gateway(stranger)).PutResultAsync(_gateway.Id, $"{id}-1", forged, Stop)).Status);
        Assert.Equal(401, Refusal(await explorer.Client().ReportDeletedAsync(_gateway.Id, $"{id}-1", Stop)).Status);
        Assert.Equal(NextAction.Deploy, Value(await user.Client.GetWorkloadAsync(id, Stop)).NextAction);
        // An old gateway that signs its results but not its requests is understood.
        var own = ResultSignature.Sign(new WorkloadResult { State = ResultState.Ok }, _gateway);
        Value(await explorer.Client().PutResultAsync(_gateway.Id, $"{id}-1", own, Stop));
    }

    [Theory]
    [InlineData("999999-1")]
    [InlineData("1-2")]
    public async Task A_report_about_an_unknown_workload_is_a_404(string globalId)
    {
        var user = await explorer.UserAsync("queue9" + globalId.Replace("-", "x", StringComparison.Ordinal), _gateway);
        await user.ReserveAsync("h.gw.example.com");
        Assert.Equal(404, Refusal(await Gateway.PutResultAsync(_gateway.Id, globalId, new WorkloadResult(), Stop)).Status);
        Assert.Equal(404, Refusal(await Gateway.ReportDeletedAsync(_gateway.Id, globalId, Stop)).Status);
    }

    [Fact]
    public async Task Reports_deletions_and_polls_at_once_end_where_they_must()
    {
        var user = await explorer.UserAsync("queue10.3bot", _gateway);
        var ids = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => user.ReserveAsync($"r{i}.gw.example.com")));
        await Task.WhenAll(ids.SelectMany(id => (Task[])[user.DeleteAsync(id), ReportAsync(id, ResultState.Ok), Gateway.PollAsync(_gateway.Id, 0, Stop)]));
        Assert.Equal(ids.Order(), await PollAsync(ids.Max() + 1, lastId: ids.Max() + 1));
        await Task.WhenAll(ids.Select(id => Gateway.ReportDeletedAsync(_gateway.Id, $"{id}-1", Stop)));
        Assert.Empty(await PollAsync(0));
    }

    [Fact]
    public async Task Pools_know_what_stands_on_them()
    {
        var user = await explorer.UserAsync("queue11.3bot", _gateway);
        var id = await user.ReserveAsync("i.gw.example.com");
        Assert.Empty(Value(await user.Client.GetPoolAsync(user.Pool, Stop)).ActiveWorkloadIds);
        await ReportAsync(id, ResultState.Ok);
        Assert.Equal([id], Value(await user.Client.GetPoolAsync(user.Pool, Stop)).ActiveWorkloadIds);
        await user.DeleteAsync(id);
        Value(await Gateway.ReportDeletedAsync(_gateway.Id, $"{id}-1", Stop));
        Assert.Empty(Value(await user.Client.GetPoolAsync(user.Pool, Stop)).ActiveWorkloadIds);
    }

    [Fact]
    public async Task The_doorbell_rings_for_a_new_workload_and_for_a_deletion_and_for_nothing_else()
    {
        var user = await explorer.UserAsync("queue12.3bot", _gateway);
        var id = await user.ReserveAsync("j.gw.example.com");
        Assert.Equal(1, await DoorbellAsync());
        await ReportAsync(id, ResultState.Ok);
        Assert.Equal(1, await DoorbellAsync());
        await user.DeleteAsync(id);
        Assert.Equal(2, await DoorbellAsync());
        Value(await Gateway.ReportDeletedAsync(_gateway.Id, $"{id}-1", Stop));
        Assert.Equal(2, await DoorbellAsync());
    }

    [Fact]
    public async Task A_damaged_workload_is_told_and_left_as_it_is()
    {
        var user = await explorer.UserAsync("queue13.3bot", _gateway);
        var id = await user.ReserveAsync("k.gw.example.com");
        await explorer.Connection.Database.HashSetAsync(RedisSchema.ExplorerWorkloadsKey, id, "{\"id\":");
        Assert.Equal(500, Refusal(await Gateway.PutResultAsync(_gateway.Id, $"{id}-1", new WorkloadResult(), Stop)).Status);
        Assert.Equal("{\"id\":", (string?)await explorer.Connection.Database.HashGetAsync(RedisSchema.ExplorerWorkloadsKey, id));
        await explorer.Connection.Database.HashDeleteAsync(RedisSchema.ExplorerWorkloadsKey, id);
    }

    private async Task<long> DoorbellAsync() => (long)await explorer.Connection.Database.StringGetAsync(RedisSchema.ExplorerDoorbellKey(_gateway.Id));

    private async Task<IEnumerable<long>> PollAsync(long from, long? lastId = null)
    {
        var page = Value(await Gateway.PollAsync(_gateway.Id, from, Stop));
        if (lastId is not null) Assert.Equal(lastId, page.LastId);
        return page.Workloads.Select(workload => workload.Id).Order();
    }

    private async Task ReportAsync(long id, ResultState state, string message = "")
    {
        var result = ResultSignature.Sign(new WorkloadResult { Category = WorkloadType.Subdomain, WorkloadId = $"{id}-1", State = state, Message = message }, _gateway);
        Value(await Gateway.PutResultAsync(_gateway.Id, $"{id}-1", result, Stop));
    }

    private sealed class Yesterday : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddDays(-1);
    }
}
