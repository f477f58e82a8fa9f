using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>The operator's commands against a running node.</summary>
public sealed class AdminApiTests
{
    [Fact, Trait("adv", "R9")]
    public async Task Only_who_shows_the_token_is_heard()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var token = work.File("state/admin.token");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(token));
        Assert.Equal(401, await AskAsync(node, "/api/zones", ""));
        Assert.Equal(401, await AskAsync(node, "/api/zones", "Bearer " + new string('0', 64)));
        var shown = "Bearer " + (await File.ReadAllTextAsync(token, TestContext.Current.CancellationToken)).Trim();
        Assert.Equal(200, await AskAsync(node, "/api/zones", shown));
        // A page of somebody else's whose name was pointed here (DNS rebinding) has nothing to say, whatever it shows.
        Assert.Equal(421, await AskAsync(node, "/api/zones", shown, host: "evil.example"));
        Assert.DoesNotContain(shown[7..], node.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_lists_show_who_holds_what()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
        await alice.ReserveTunnelAsync("hello.gw.test");
        await alice.MustAsync("reserve", "subdomain", "other.gw.test", "--ip", "127.0.0.1");
        var operates = new Operator(node);

        Assert.Equal("gw.test", (string)Assert.Single((await operates.MustAsync("zones")).AsArray())!["zone"]!);
        var name = Assert.Single((await operates.MustAsync("names", "hello")).AsArray())!;
        Assert.Equal(("hello.gw.test", "1", 2), ((string)name["name"]!, (string)name["user"]!, name["reservations"]!.AsArray().Count));
        var route = Assert.Single((await operates.MustAsync("routes", "hello.gw.test")).AsArray())!;
        Assert.Equal(("tunnel", "1"), ((string)route["kind"]!, (string)route["user"]!));
        Assert.Equal(3, (await operates.MustAsync("reservations", "1")).AsArray().Count);
        Assert.Single((await operates.MustAsync("reservations", "--limit", "1")).AsArray());
        Assert.Equal("Nothing would be changed.\n", (await operates.RunAsync("node", "reconcile", "--dry-run")).Output);

        var status = await operates.RunAsync("status");
        Assert.Equal(0, status.Code);
        Assert.Contains("reconciler  good", status.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dropped_tunnel_comes_back_with_a_session_of_its_own()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
        await using var client = alice.Expose("127.0.0.1:1", await alice.ReserveTunnelAsync("hello.gw.test"));
        var operates = new Operator(node);
        var first = await SessionAsync(operates, than: 0);
        await operates.MustAsync("drop", first.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.True(await SessionAsync(operates, than: first) > first);
        Assert.Contains($"Audit: drop of tunnel session {first} by the admin API", node.Log, StringComparison.Ordinal);
        Assert.Equal(3, (await operates.RunAsync("node", "drop", "999999")).Code);
    }

    [Fact]
    public async Task Only_a_stuck_name_is_released()
    {
        using var work = new TemporaryDirectory();
        await using var redis = await RedisServer.StartAsync(work.File("redis"));
        await using var node = await RunningNode.StartAsync(work.File("state"), "--redis", redis.Url);
        var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
        await alice.MustAsync("reserve", "subdomain", "held.gw.test", "--ip", "127.0.0.1");
        await redis.CommandAsync("HSET", "managed_domains", "stuck.gw.test", "7");
        await redis.CommandAsync("HSET", "gw.test.", "stuck", """{"a":[{"ip":"127.0.0.1","ttl":60}]}""");
        var operates = new Operator(node);

        var held = await operates.RunAsync("node", "release", "held.gw.test");
        Assert.Equal(3, held.Code);
        Assert.Contains("is held by reservation", held.Error, StringComparison.Ordinal);
        await operates.MustAsync("release", "stuck.gw.test");
        Assert.Equal("held.gw.test\n", await redis.CommandAsync("HKEYS", "managed_domains"));
        Assert.Equal("0\n", await redis.CommandAsync("HEXISTS", "gw.test.", "stuck"));
        Assert.Contains("Nothing of 'stuck.gw.test' is there.", (await operates.RunAsync("node", "release", "stuck.gw.test")).Error, StringComparison.Ordinal);
    }

    [Fact, Trait("adv", "R9")]
    public async Task Keys_change_while_the_former_ones_are_still_good()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var operates = new Operator(node);
        var former = (await File.ReadAllTextAsync(work.File("state/admin.token"), TestContext.Current.CancellationToken)).Trim();
        await operates.MustAsync("rotate", "token");
        var current = (await File.ReadAllTextAsync(work.File("state/admin.token"), TestContext.Current.CancellationToken)).Trim();
        Assert.NotEqual(former, current);
        Assert.Equal(200, await AskAsync(node, "/api/zones", "Bearer " + former));
        Assert.Equal(200, await AskAsync(node, "/api/zones", "Bearer " + current));
        await operates.MustAsync("rotate", "cookies");
        Assert.Contains("Audit: rotate of the admin token by the admin API", node.Log, StringComparison.Ordinal);
        Assert.Contains("Audit: rotate of the DNS cookie secret by the admin API", node.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(former, node.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(current, node.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_frozen_users_sites_and_names_stop_within_a_second_and_come_back()
    {
        using var work = new TemporaryDirectory();
        var state = work.File("state");
        await using (var node = await RunningNode.StartAsync(state))
        {
            var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
            var secret = await alice.ReserveTunnelAsync("hello.gw.test");
            await using var client = alice.Expose("127.0.0.1:1", secret);
            var operates = new Operator(node);
            await SessionAsync(operates, than: 0);
            Assert.Equal(502, await VisitAsync(node, "hello.gw.test"));
            await operates.MustAsync("freeze", "1", "--reason", "ticket 4711");
            await StopsAsync(node);
            Assert.Contains("Audit: freeze of user 1 by the admin API", node.Log, StringComparison.Ordinal);
            Assert.Equal("ticket 4711", (string)Assert.Single((await operates.MustAsync("frozen")).AsArray())!["reason"]!);
            foreach (var list in new[] { "names", "routes", "reservations" })
                Assert.All((await operates.MustAsync(list)).AsArray(), it => Assert.Equal("frozen", (string)it!["state"]!));
            Assert.Contains("has frozen your account", (await alice.RunAsync("reserve", "subdomain", "more.gw.test", "--ip", "127.0.0.1")).Error, StringComparison.Ordinal);
        }

        await using var again = await RunningNode.StartAsync(state);
        await StopsAsync(again);
        var hand = new Operator(again);
        await hand.MustAsync("unfreeze", "1");
        await Programs.EventuallyAsync(async () => await VisitAsync(again, "hello.gw.test") == 503 && await Resolver.AskAsync(again.Dns, "hello.gw.test") == (0, 1), "it is served again");
        Assert.Contains("Audit: unfreeze of user 1 by the admin API", again.Log, StringComparison.Ordinal);
        Assert.Contains("is not frozen", (await hand.RunAsync("node", "unfreeze", "1")).Error, StringComparison.Ordinal);
    }

    // The name without an address, HTTP with 451.
    private static Task StopsAsync(RunningNode node) => Programs.EventuallyAsync(
        async () => await TryVisitAsync(node, "hello.gw.test") == 451 && (await Resolver.AskAsync(node.Dns, "hello.gw.test")).Answers == 0, "nothing of the user is served");

    [Fact]
    public async Task A_dry_run_prints_the_plan_and_changes_nothing_and_the_comparison_carries_it_out()
    {
        using var work = new TemporaryDirectory();
        await using var redis = await RedisServer.StartAsync(work.File("redis"));
        await using var node = await RunningNode.StartAsync(work.File("state"), "--redis", redis.Url);
        var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
        await alice.MustAsync("reserve", "subdomain", "a.gw.test", "--ip", "127.0.0.1");
        await redis.CommandAsync("HDEL", "gw.test.", "a");
        var operates = new Operator(node);
        var plan = (await operates.RunAsync("node", "reconcile", "--dry-run")).Output;
        Assert.Contains("SetRecords", plan, StringComparison.Ordinal);
        Assert.Contains("a.gw.test", plan, StringComparison.Ordinal);
        Assert.Equal("0", await redis.TryCommandAsync("HEXISTS", "gw.test.", "a"));

        await operates.RunAsync("node", "reconcile");
        await Programs.EventuallyAsync(async () => await redis.TryCommandAsync("HEXISTS", "gw.test.", "a") == "1", "the record is back");
        await Programs.EventuallyAsync(async () => await Resolver.AskAsync(node.Dns, "a.gw.test") == (0, 1), "the name is answered");
        Assert.Contains("Redis did not say what it should: 1 places were written (SetRecords 1)", node.Log, StringComparison.Ordinal);
        Assert.Equal("Nothing would be changed.\n", (await operates.RunAsync("node", "reconcile", "--dry-run")).Output);
    }

    // Null: who is on a route at the moment in which it goes is cut.
    private static async Task<int?> TryVisitAsync(RunningNode node, string host)
    {
        try
        {
            return await VisitAsync(node, host);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static async Task<int> VisitAsync(RunningNode node, string host)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://{node.Http}/"));
        request.Headers.Host = host;
        using var answer = await client.SendAsync(request);
        return (int)answer.StatusCode;
    }

    [Fact, Trait("adv", "R5")]
    public async Task A_name_that_was_given_up_rests_until_the_operator_releases_it()
    {
        using var work = new TemporaryDirectory();
        var state = work.File("state");
        await using (var before = await RunningNode.StartAsync(state))
        {
            var first = await new CommandLineUser(before, work.Path).RegisterAsync();
            await first.MustAsync("reserve", "subdomain", "a.gw.test", "--ip", "127.0.0.1");
            await Programs.EventuallyAsync(async () => await Resolver.AskAsync(before.Dns, "a.gw.test") == (0, 1), "the name is answered");
            await first.MustAsync("delete", "--all");
            await Programs.EventuallyAsync(async () => (await Resolver.AskAsync(before.Dns, "a.gw.test")).Answers == 0, "the name is answered no more");
        }

        await using var node = await RunningNode.StartAsync(state);
        var bob = await new CommandLineUser(node, work.Path, "bob").RegisterAsync();
        var operates = new Operator(node);
        var refused = await bob.RunAsync("reserve", "subdomain", "a.gw.test", "--ip", "127.0.0.2");
        Assert.True(refused.Code != 0, refused.Output + refused.Error + node.Log);
        Assert.Contains("'a.gw.test' was given up by another user and rests until", refused.Output + refused.Error, StringComparison.Ordinal);
        var resting = Assert.Single((await operates.MustAsync("quarantined", "a.gw")).AsArray())!;
        Assert.Equal(("a.gw.test", "1"), ((string)resting["name"]!, (string)resting["user"]!));
        Assert.Contains("LAST USER", (await operates.RunAsync("node", "quarantined")).Output, StringComparison.Ordinal);
        await operates.MustAsync("release", "a.gw.test");
        Assert.Contains("Audit: release of a.gw.test by the admin API", node.Log, StringComparison.Ordinal);
        Assert.Empty((await operates.MustAsync("quarantined")).AsArray());
        await bob.MustAsync("reserve", "subdomain", "a.gw.test", "--ip", "127.0.0.2");
    }

    [Fact, Trait("adv", "O8")]
    public async Task A_backup_brings_everything_back_on_the_same_node_and_on_an_empty_one()
    {
        using var work = new TemporaryDirectory();
        var file = work.File("gateway.backup");
        await using (var node = await RunningNode.StartAsync(work.File("state")))
        {
            var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
            await alice.ReserveTunnelAsync("hello.gw.test");
            var operates = new Operator(node);
            var before = await operates.ListsAsync();
            await operates.MustAsync("backup", file);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            await alice.MustAsync("delete", "--all");
            await operates.MustAsync("restore", file);
            await Programs.EventuallyAsync(async () => await operates.ListsAsync() == before, "everything is as it was");
            await Programs.EventuallyAsync(async () => await Resolver.AskAsync(node.Dns, "hello.gw.test") == (0, 1), "the name is answered again");
            Assert.Equal(2, (await alice.MustAsync("reservations")).AsArray().Count);
        }

        await using var empty = await RunningNode.StartAsync(work.File("empty"));
        var elsewhere = new Operator(empty);
        var restored = await elsewhere.MustAsync("restore", file);
        Assert.Contains("another identity", (string)restored["note"]!, StringComparison.Ordinal);
        Assert.Equal(await File.ReadAllTextAsync(work.File("state/identity.seed"), TestContext.Current.CancellationToken), await File.ReadAllTextAsync(work.File("empty/identity.seed.restored"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_damaged_backup_changes_nothing()
    {
        const string head = "{\"format\":\"gateway-backup\",\"version\":1}\n";
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var operates = new Operator(node);
        var before = await operates.ListsAsync();
        foreach (var text in new[] { "", "no json\n", head, head + "{\"key\":\"zone\",\"dump\":\"!\"}\n{\"end\":1}\n", head + "{\"end\":7}\n", "{\"format\":\"gateway-backup\",\"version\":99}\n{\"end\":0}\n" })
        {
            await File.WriteAllTextAsync(work.File("bad"), text, TestContext.Current.CancellationToken);
            Assert.Equal(3, (await operates.RunAsync("node", "restore", work.File("bad"))).Code);
        }

        Assert.Equal(before, await operates.ListsAsync());
    }

    [Fact]
    public async Task The_page_and_its_stream_are_served_and_closed_to_everybody_else()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        using var client = new HttpClient();
        using var page = await client.GetAsync(new Uri($"http://{node.Admin}/"), TestContext.Current.CancellationToken);
        Assert.StartsWith("default-src 'none'; script-src 'self'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.DoesNotMatch("https?://", await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

        var link = new Uri((string)(await new Operator(node).MustAsync("dashboard"))["url"]!);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", link.Fragment["#token=".Length..]);
        await using var stream = await client.GetStreamAsync(new Uri(link, "/api/events"), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        var facts = await NextAsync(reader, "node");
        Assert.Equal(["dns", "router", "reconciler", "explorer"], facts["roles"]!.AsArray().Select(role => (string)role!));
        var picture = await NextAsync(reader, "picture");
        Assert.Equal(1, (int)picture["counts"]!["zones"]!);
        Assert.All(picture["conditions"]!.AsArray(), condition => Assert.True((bool)condition!["serving"]!));
        await EveryDescribedPathIsServedAsync(node, client);
    }

    private static async Task<JsonNode> NextAsync(StreamReader events, string name)
    {
        Assert.Equal("event: " + name, await events.ReadLineAsync(TestContext.Current.CancellationToken));
        var data = await events.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.Equal("", await events.ReadLineAsync(TestContext.Current.CancellationToken));
        return JsonNode.Parse(data!["data: ".Length..])!;
    }

    private static async Task EveryDescribedPathIsServedAsync(RunningNode node, HttpClient client)
    {
        var document = JsonNode.Parse(await client.GetStringAsync(new Uri($"http://{node.Admin}/api/openapi.json"), TestContext.Current.CancellationToken))!;
        foreach (var (path, operations) in document["paths"]!.AsObject())
            foreach (var (method, _) in operations!.AsObject())
            {
                using var request = new HttpRequestMessage(HttpMethod.Parse(method), new Uri($"http://{node.Admin}{path.Replace("{id}", "1", StringComparison.Ordinal).Replace("{user}", "99", StringComparison.Ordinal).Replace("{name}", "none.gw.test", StringComparison.Ordinal)}"));
                using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
                Assert.True(answer.StatusCode is not System.Net.HttpStatusCode.MethodNotAllowed && (answer.IsSuccessStatusCode || answer.Content.Headers.ContentType?.MediaType == "application/json"), $"{method} {path}: {answer.StatusCode}");
            }
    }

    private static async Task<long> SessionAsync(Operator operates, long than)
    {
        long found = 0;
        await Programs.EventuallyAsync(async () =>
        {
            var sessions = (await operates.MustAsync("tunnels")).AsArray();
            found = sessions.Count == 1 ? (long)sessions[0]!["id"]! : 0;
            return found > than;
        }, "a tunnel client is connected");
        return found;
    }

    private static async Task<int> AskAsync(RunningNode node, string path, string authorization, string? host = null)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://{node.Admin}{path}"));
        if (authorization.Length > 0) request.Headers.Add("Authorization", authorization);
        if (host is not null) request.Headers.Host = host;
        using var answer = await client.SendAsync(request);
        return (int)answer.StatusCode;
    }

    /// <summary>The node's operator with the shipped command line.</summary>
    private sealed class Operator(RunningNode node)
    {
        // What resolvers say of a zone is not the node's to keep, and what was restored is decided again.
        private static string Kept(JsonNode list)
        {
            foreach (var item in list.AsArray())
                foreach (var passing in new[] { "delegation", "decided" })
                    item!.AsObject().Remove(passing);
            return list.ToJsonString();
        }

        public Task<Ended> RunAsync(params string[] arguments) => Programs.RunAsync(Programs.Gateway, arguments, new Dictionary<string, string>
        {
            ["GW_ADMIN"] = $"http://{node.Admin}",
            ["GW_ADMIN_TOKEN_FILE"] = Path.Combine(node.State, "admin.token"),
        });

        public async Task<JsonNode> MustAsync(params string[] arguments)
        {
            var ended = await RunAsync(["node", .. arguments, "--json"]);
            Assert.True(ended.Code == 0, $"gateway node {string.Join(' ', arguments)}: {ended.Output}{ended.Error}\n{node.Log}");
            return JsonNode.Parse(ended.Output)!;
        }

        public async Task<string> ListsAsync() =>
            string.Join('\n', Kept(await MustAsync("zones")), (await MustAsync("names")).ToJsonString(), (await MustAsync("routes")).ToJsonString(), Kept(await MustAsync("reservations")));
    }
}
