using Gateway.ExplorerApi;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Xunit;
using static Gateway.IntegrationTests.Explorer.ExplorerFixture;

namespace Gateway.IntegrationTests.Explorer;

/// <summary>What users do with workloads.</summary>
public sealed class ExplorerWorkloadTests(ExplorerFixture explorer) : IClassFixture<ExplorerFixture>
{
    [Fact]
    public async Task A_workload_is_stored_as_the_contract_shows_it()
    {
        var user = await explorer.UserAsync("shape.3bot");
        var signed = user.Subdomain("a.gw.example.com", "203.0.113.10", "2001:db8::10");
        var before = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var id = Value(await user.Client.CreateWorkloadAsync(signed, Stop));
        var (_, body) = await explorer.SendAsync("GET", $"/api/v1/reservations/workloads/{id}");
        Assert.True(ExplorerJson.TryRead<Workload>(System.Text.Encoding.UTF8.GetBytes(body), out var stored, out _));
        Assert.InRange(stored.Epoch.Seconds, before, before + 60);
        Assert.Equal(
            $$$"""{"workload_id":1,"node_id":"{{{user.NodeId}}}","pool_id":{{{user.Pool}}},"reference":"","description":"","signing_request_provision":{"signers":[],"quorum_min":0},"signing_request_delete":{"signers":[{{{user.Id}}}],"quorum_min":1},"id":{{{id}}},"json":"","customer_tid":{{{user.Id}}},"customer_signature":"{{{signed.CustomerSignature}}}","next_action":3,"signatures_provision":[],"signature_farmer":{"tid":0,"signature":"","epoch":0},"signatures_delete":[],"epoch":{{{stored.Epoch.Seconds}}},"metadata":"","result":{"category":0,"workload_id":"","data_json":null,"signature":"","state":0,"message":"","epoch":0,"node_id":""},"workload_type":7,"version":2,"domain":"a.gw.example.com","ips":["203.0.113.10","2001:db8::10"]}""" + "\n",
            body);
        Assert.Equal(body, (await explorer.SendAsync("GET", $"/api/v1/reservations/nodes/workloads/{id}-1")).Body);
        Assert.Equal(body, (await explorer.SendAsync("GET", $"/explorer/reservations/workloads/{id}-1")).Body);
        Assert.Equal(body, (await explorer.SendAsync("GET", $"/explorer/workloads/{id}")).Body);
    }

    [Fact]
    [Trait("adv", "R9")]
    public async Task Nobody_gives_himself_what_only_the_server_may()
    {
        var user = await explorer.UserAsync("greedy.3bot");
        var sent = user.Subdomain("b.gw.example.com") with
        {
            Id = 1,
            Version = 0,
            Json = "x",
            Result = new WorkloadResult { State = ResultState.Ok },
            SignaturesDelete = [new WorkloadSignature { Tid = user.Id }],
            SignatureFarmer = new WorkloadSignature { Tid = 5 },
            Description = "\",\"id\":0,\"json\":\"",
        };
        sent = sent with { CustomerSignature = WorkloadChallenge.SignCustomer(sent, user.Identity) };
        var id = Value(await user.Client.CreateWorkloadAsync(sent, Stop));
        var stored = Value(await user.Client.GetWorkloadAsync(id, Stop));
        Assert.Equal((id, 2, "", ResultState.Error), (stored.Id, stored.Version, stored.Json, stored.Result.State));
        Assert.Empty(stored.SignaturesDelete);
        Assert.Equal(sent.Description, stored.Description);
        Assert.Equal(0, stored.SignatureFarmer.Tid);
    }

    [Fact]
    public async Task Refusals_have_the_contracts_status_and_text()
    {
        var (user, other) = (await explorer.UserAsync("refused.3bot"), await explorer.UserAsync("refused2.3bot"));
        var good = user.Subdomain("c.gw.example.com", "203.0.113.10");
        Assert.Equal((400, "pool id is required"), await RefusedAsync(user, good with { PoolId = 0 }));
        Assert.Equal(400, (await RefusedAsync(user, good with { CustomerTid = 0 })).Status);
        Assert.Equal(400, (await RefusedAsync(user, good with { CustomerSignature = "" }, resign: false)).Status);
        Assert.Equal((400, "domain must not hold control characters"), await RefusedAsync(user, good with { Domain = "\u001b[2J.gw.example.com" }));
        Assert.Equal((400, "addr must not hold control characters"), await RefusedAsync(user, good with { WorkloadType = WorkloadType.Proxy, Ips = null, Address = "198.51.100.7\u001b[2J", Port = 80 }));
        Assert.Equal(400, (await RefusedAsync(user, good with { Reference = "1-1" })).Status);
        Assert.Equal(400, (await RefusedAsync(user, good with { Metadata = new string('m', 1025) })).Status);
        Assert.Equal(400, (await RefusedAsync(user, good with { NextAction = NextAction.Delete })).Status);
        Assert.Equal(400, (await RefusedAsync(user, good with { NextAction = NextAction.Invalid })).Status);
        Assert.Equal(400, (await RefusedAsync(user, good with { WorkloadType = WorkloadType.Container })).Status);
        Assert.Equal(400, (await RefusedAsync(user, good with { NodeId = "nobody" })).Status);
        Assert.Equal((401, "request user identity does not match the reservation customer-tid"), await RefusedAsync(user, good with { CustomerTid = other.Id }));
        Assert.StartsWith("failed to verify customer signature", (await RefusedAsync(user, good with { Domain = "d.gw.example.com" }, resign: false)).Message, StringComparison.Ordinal);
        Assert.Equal((404, "pool does not exist"), await RefusedAsync(user, good with { PoolId = 999_999 }));
        Assert.Equal((403, "not allowed to deploy workload on this pool"), await RefusedAsync(user, good with { PoolId = other.Pool }));
        Assert.Equal((403, "not allowed to deploy workload on this pool"), await RefusedAsync(user, good with { NodeId = Identity.Create().Id }));
        Assert.Equal(401, Refusal(await explorer.Client().CreateWorkloadAsync(good, Stop)).Status);
        Assert.Equal(401, Refusal(await explorer.Client(ExplorerSigner.User(999_999, user.Identity)).CreateWorkloadAsync(good, Stop)).Status);
        Assert.Equal(401, Refusal(await explorer.Client(ExplorerSigner.User(user.Id, other.Identity)).CreateWorkloadAsync(good, Stop)).Status);
        Assert.Equal(400, (int)(await explorer.SendAsync("POST", "/explorer/workloads", "{}")).Response.StatusCode);
        Assert.Empty(Value(await user.Client.ListWorkloadsAsync(user.Id, null, null, 1, Stop)).Items);
    }

    [Theory]
    [InlineData("{\"workload_type\":300}")]
    [InlineData("{\"workload_type\":7,\"epoch\":null}")]
    public async Task A_body_that_is_no_workload_is_a_400(string body)
    {
        var user = await explorer.UserAsync("malformed" + body.Length);
        var signed = SignedHeaders.Sign(user.Id.ToString(null, null), user.Identity, TimeProvider.System.GetUtcNow());
        var (response, answer) = await explorer.SendAsync("POST", "/api/v1/reservations/workloads", body, signed);
        Assert.Equal(400, (int)response.StatusCode);
        Assert.StartsWith("{\"error\":\"malformed JSON at $.", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_no_gateway_could_serve_is_refused_at_once_with_the_reason()
    {
        var user = await explorer.UserAsync("early.3bot");
        await CheckAsync(new Workload { WorkloadType = WorkloadType.Subdomain, Domain = "a b" }, "'a b' is not a valid domain name");
        await CheckAsync(new Workload { WorkloadType = WorkloadType.DomainDelegate, Domain = "nodot" }, "at least one dot");
        await CheckAsync(new Workload { WorkloadType = WorkloadType.Subdomain, Domain = "a.b", Ips = ["127.1"] }, "'127.1' is not an IP address");
        await CheckAsync(new Workload { WorkloadType = WorkloadType.ReverseProxy, Domain = "a.b", Secret = "00" }, "too short");
        await CheckAsync(new Workload { WorkloadType = WorkloadType.ReverseProxy, Domain = "a.b", Secret = "" }, "secret is required");
        await CheckAsync(new Workload { WorkloadType = WorkloadType.ReverseProxy, Domain = "a.b", Secret = "zz" }, "hexadecimal");
        await CheckAsync(new Workload { WorkloadType = WorkloadType.Proxy, Domain = "a.b", Address = "" }, "addr is required");
        await CheckAsync(new Workload { WorkloadType = WorkloadType.Proxy, Domain = "a.b", Address = "1.2.3.4", Port = 70000 }, "65535");
        await CheckAsync(new Workload { WorkloadType = WorkloadType.Gateway4To6, PublicKey = "x" }, "WireGuard key");

        async Task CheckAsync(Workload workload, string reason)
        {
            var (status, message) = Refusal(await user.Client.CreateWorkloadAsync(user.Signed(workload), Stop));
            Assert.Equal(400, status);
            Assert.Contains(reason, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_hundred_at_once_get_a_hundred_ids()
    {
        var user = await explorer.UserAsync("parallel.3bot");
        var ids = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => user.ReserveAsync($"p{i}.gw.example.com")));
        Assert.Equal(100, ids.Distinct().Count());
        Assert.Equal(ids.Order(), Value(await user.Client.ListWorkloadsAsync(user.Id, null, null, 1, Stop)).Items.Select(workload => workload.Id));
    }

    [Fact]
    public async Task Lists_are_filtered_and_paged()
    {
        var user = await explorer.UserAsync("lister.3bot");
        var ids = new List<long>();
        for (var i = 0; i < 5; i++) ids.Add(await user.ReserveAsync($"l{i}.gw.example.com"));
        ids.Add(Value(await user.Client.CreateWorkloadAsync(user.Signed(new Workload { WorkloadType = WorkloadType.DomainDelegate, Domain = "user.org" }), Stop)));
        await user.DeleteAsync(ids[1]);
        Assert.Equal(ids, await IdsAsync($"customer_tid={user.Id}"));
        Assert.Equal([ids[2], ids[3]], await IdsAsync($"customer_tid={user.Id}&size=2&page=2"));
        Assert.Equal([ids[1]], await IdsAsync($"customer_tid={user.Id}&next_action=4"));
        Assert.Equal([ids[5]], await IdsAsync($"customer_tid={user.Id}&next_action=3&workload_type=8"));
        Assert.Equal([ids[3], ids[4]], await IdsAsync($"customer_tid={user.Id}&next_action=3&workload_type=7&page=2&size=2"));
        Assert.Empty(await IdsAsync("customer_tid=999999"));
        Assert.Contains(ids[0], await IdsAsync("size=1000&workload_type=7"));
        var (response, _) = await explorer.SendAsync("GET", $"/api/v1/reservations/workloads?customer_tid={user.Id}&next_action=3&size=2");
        Assert.Equal("3", response.Headers.GetValues("Pages").Single());
        Assert.Equal(400, (int)(await explorer.SendAsync("GET", "/api/v1/reservations/workloads?customer_tid=x")).Response.StatusCode);

        async Task<IEnumerable<long>> IdsAsync(string query)
        {
            var (_, body) = await explorer.SendAsync("GET", "/api/v1/reservations/workloads?" + query);
            return System.Text.Json.JsonDocument.Parse(body).RootElement.EnumerateArray().Select(workload => workload.GetProperty("id").GetInt64()).ToList();
        }
    }

    [Fact]
    public async Task Deletion_needs_the_agreement_of_those_who_were_named()
    {
        var (user, other) = (await explorer.UserAsync("deleter.3bot"), await explorer.UserAsync("stranger.3bot"));
        var id = await user.ReserveAsync("del.gw.example.com");
        var stored = Value(await user.Client.GetWorkloadAsync(id, Stop));
        var good = new WorkloadSignature { Tid = user.Id, Signature = WorkloadChallenge.SignDelete(stored, user.Id, user.Identity) };
        Assert.Equal(404, Refusal(await user.Client.SignDeleteAsync(999_999, good, Stop)).Status);
        Assert.Equal((401, $"signature not required for user '{other.Id}'"), Refusal(await other.Client.SignDeleteAsync(id, good with { Tid = other.Id }, Stop)));
        Assert.Equal(401, Refusal(await user.Client.SignDeleteAsync(id, good with { Signature = WorkloadChallenge.SignDelete(stored, user.Id, other.Identity) }, Stop)).Status);
        Assert.Equal(401, Refusal(await user.Client.SignDeleteAsync(id, good with { Signature = "" }, Stop)).Status);
        Assert.Equal(NextAction.Deploy, Value(await user.Client.GetWorkloadAsync(id, Stop)).NextAction);
        Value(await user.Client.SignDeleteAsync(id, good, Stop));
        Assert.Equal(400, Refusal(await user.Client.SignDeleteAsync(id, good, Stop)).Status);
        var deleted = Value(await user.Client.GetWorkloadAsync(id, Stop));
        Assert.Equal((NextAction.Delete, user.Id), (deleted.NextAction, Assert.Single(deleted.SignaturesDelete).Tid));
        Assert.True(WorkloadChallenge.VerifyDelete(deleted, deleted.SignaturesDelete[0], user.Identity.PublicKey));
    }

    [Fact]
    public async Task A_quorum_of_two_needs_two()
    {
        var (user, second) = (await explorer.UserAsync("first.3bot"), await explorer.UserAsync("second.3bot"));
        var workload = user.Subdomain("two.gw.example.com") with
        {
            SigningRequestDelete = new SigningRequest { Signers = [user.Id, second.Id], QuorumMin = 2 },
            SigningRequestProvision = new SigningRequest { Signers = [second.Id], QuorumMin = 1 },
        };
        var id = Value(await user.Client.CreateWorkloadAsync(workload, Stop));
        var stored = Value(await user.Client.GetWorkloadAsync(id, Stop));
        Assert.Equal(NextAction.Sign, stored.NextAction);
        Assert.DoesNotContain(Value(await explorer.Client().PollAsync(user.NodeId, id, Stop)).Workloads, one => one.Id == id);
        var provision = new WorkloadSignature { Tid = second.Id, Signature = WorkloadChallenge.SignProvision(stored, second.Id, second.Identity) };
        Assert.Equal("null\n", (await explorer.SendAsync("POST", $"/api/v1/reservations/workloads/{id}/sign/provision", System.Text.Encoding.UTF8.GetString(ExplorerJson.Write(provision)))).Body);
        Assert.Contains(Value(await explorer.Client().PollAsync(user.NodeId, id, Stop)).Workloads, one => one.Id == id);
        await user.DeleteAsync(id);
        Assert.Equal(NextAction.Deploy, Value(await user.Client.GetWorkloadAsync(id, Stop)).NextAction);
        await (second with { Client = user.Client }).DeleteAsync(id);
        Assert.Equal(NextAction.Delete, Value(await user.Client.GetWorkloadAsync(id, Stop)).NextAction);
    }

    [Fact]
    [Trait("adv", "R10")]
    public async Task A_user_has_a_quota()
    {
        using var stop = new CancellationTokenSource();
        var user = await explorer.UserAsync("quota.3bot");
        var (server, running) = Start(new Gateway.Explorer.ExplorerOptions { WorkloadsPerUser = 1 }, explorer.Connection, stop.Token);
        await using (server)
        {
            var client = new ExplorerClient(explorer.Http, new Uri($"http://{server.Bound[0]}"), ExplorerSigner.User(user.Id, user.Identity));
            var id = Value(await client.CreateWorkloadAsync(user.Subdomain("q1.gw.example.com"), Stop));
            Assert.Equal((403, "a user has at most 1 workloads: delete some first"), Refusal(await client.CreateWorkloadAsync(user.Subdomain("q2.gw.example.com"), Stop)));
            await user.DeleteAsync(id);
            Value(await explorer.GatewayClient().ReportDeletedAsync(user.NodeId, $"{id}-1", Stop));
            Value(await client.CreateWorkloadAsync(user.Subdomain("q2.gw.example.com"), Stop));
            await stop.CancelAsync();
            await running;
        }
    }

    [Fact]
    [Trait("adv", "R10")]
    public async Task A_user_has_a_rate_of_his_own()
    {
        using var stop = new CancellationTokenSource();
        var (hasty, calm) = (await explorer.UserAsync("hasty.3bot"), await explorer.UserAsync("calm.3bot"));
        // One a minute: the test cannot be so slow that another one is due.
        var (server, running) = Start(new Gateway.Explorer.ExplorerOptions { ReservationsPerMinute = 1 }, explorer.Connection, stop.Token);
        await using (server)
        {
            var root = new Uri($"http://{server.Bound[0]}");
            var client = new ExplorerClient(explorer.Http, root, ExplorerSigner.User(hasty.Id, hasty.Identity));
            Value(await client.CreateWorkloadAsync(hasty.Subdomain("h1.gw.example.com"), Stop));
            Assert.Equal((429, "a user makes at most 1 reservations in a minute: slow down"), Refusal(await client.CreateWorkloadAsync(hasty.Subdomain("h2.gw.example.com"), Stop)));
            client = new ExplorerClient(explorer.Http, root, ExplorerSigner.User(calm.Id, calm.Identity));
            Value(await client.CreateWorkloadAsync(calm.Subdomain("h3.gw.example.com"), Stop));
            await stop.CancelAsync();
            await running;
        }
    }

    /// <summary>Two servers over one Redis, and a user who asks both at once: neither limit is overrun by one.</summary>
    [Theory]
    [Trait("adv", "R10")]
    [InlineData(20, 0, 403)]
    [InlineData(0, 20, 429)]
    public async Task Limits_hold_over_several_servers_that_are_asked_at_once(int workloads, int perMinute, int status)
    {
        using var stop = new CancellationTokenSource();
        var user = await explorer.UserAsync($"racer{status}.3bot");
        Gateway.Explorer.ExplorerOptions Options() => new() { WorkloadsPerUser = workloads, ReservationsPerMinute = perMinute };
        var (one, runsOne) = Start(Options(), explorer.Connection, stop.Token);
        var (two, runsTwo) = Start(Options(), explorer.Connection, stop.Token);
        await using (one)
        await using (two)
        {
            var clients = new[] { one, two }.Select(server => new ExplorerClient(explorer.Http, new Uri($"http://{server.Bound[0]}"), ExplorerSigner.User(user.Id, user.Identity))).ToArray();
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => Task.Run(() => clients[i % 2].CreateWorkloadAsync(user.Subdomain($"r{i}.gw.example.com"), Stop))));
            Assert.Equal(20, outcomes.Count(outcome => outcome is ExplorerOutcome<long>.Ok));
            Assert.All(outcomes.Where(outcome => outcome is not ExplorerOutcome<long>.Ok), outcome => Assert.Equal(status, Refusal(outcome).Item1));
            await stop.CancelAsync();
            await Task.WhenAll(runsOne, runsTwo);
        }
    }

    private static async Task<(int Status, string Message)> RefusedAsync(TestUser user, Workload workload, bool resign = true)
    {
        if (resign) workload = workload with { CustomerSignature = WorkloadChallenge.SignCustomer(workload, user.Identity) };
        return Refusal(await user.Client.CreateWorkloadAsync(workload, Stop));
    }
}
