using System.Net;
using System.Text;
using Gateway.ExplorerApi;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Xunit;
using static Gateway.IntegrationTests.Explorer.ExplorerFixture;

namespace Gateway.IntegrationTests.Explorer;

/// <summary>Users, gateways and pools.</summary>
public sealed class ExplorerPhonebookTests(ExplorerFixture explorer) : IClassFixture<ExplorerFixture>
{
    private static readonly string Key = Identity.Create().PublicKey.Hex;

    [Fact]
    [Trait("adv", "R1")]
    public async Task Of_many_who_want_one_name_exactly_one_gets_it()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 50).Select(i =>
            explorer.Client().CreateUserAsync(new User { Name = i % 2 == 0 ? "race.3bot" : "RACE.3bot", Email = $"{i}@example.com", Pubkey = Key }, Stop)));
        Assert.Single(outcomes, outcome => outcome is ExplorerOutcome<User>.Ok);
        Assert.All(outcomes.OfType<ExplorerOutcome<User>.Refused>(), refused => Assert.Equal((409, "user with same name or email exists"), (refused.Status, refused.Message)));
        Assert.Single(Value(await explorer.Client().ListUsersAsync("race.3bot", null, 1, Stop)).Items);
        // The losers' addresses are free again.
        var winner = Value(outcomes.Single(outcome => outcome is ExplorerOutcome<User>.Ok));
        var other = winner.Email == "0@example.com" ? "1@example.com" : "0@example.com";
        Assert.IsType<ExplorerOutcome<User>.Ok>(await explorer.Client().CreateUserAsync(new User { Name = "race2.3bot", Email = other, Pubkey = Key }, Stop));
    }

    [Theory]
    [InlineData("ab", "", null, "name should be at least 3 characters")]
    [InlineData("abc\n", "", null, "name and email must not hold control characters")]
    [InlineData("no.key", "", "00", "pubkey is not an ed25519 key: 32 octets in hexadecimal")]
    public async Task A_user_that_is_none_is_a_400(string name, string email, string? key, string message) =>
        Assert.Equal((400, message), Refusal(await explorer.Client().CreateUserAsync(new User { Name = name, Email = email, Pubkey = key ?? Key }, Stop)));

    [Fact]
    public async Task An_unknown_user_is_a_404() => Assert.Equal(404, Refusal(await explorer.Client().GetUserAsync(999_999, Stop)).Status);

    [Fact]
    public async Task Users_without_an_address_do_not_stand_in_each_others_way()
    {
        Assert.IsType<ExplorerOutcome<User>.Ok>(await explorer.Client().CreateUserAsync(new User { Name = "bare1", Pubkey = Key }, Stop));
        Assert.IsType<ExplorerOutcome<User>.Ok>(await explorer.Client().CreateUserAsync(new User { Name = "bare2", Pubkey = Key }, Stop));
    }

    [Fact]
    public async Task An_address_is_shown_to_users_alone()
    {
        var user = await explorer.UserAsync("shy.3bot");
        Assert.Equal("", Value(await explorer.Client().GetUserAsync(user.Id, Stop)).Email);
        Assert.Equal("shy.3bot@example.com", Value(await user.Client.GetUserAsync(user.Id, Stop)).Email);
        Assert.Equal("", Value(await explorer.Client(ExplorerSigner.User(user.Id, Identity.Create())).GetUserAsync(user.Id, Stop)).Email);
        Assert.All(Value(await explorer.Client().ListUsersAsync(null, null, 1, Stop)).Items, one => Assert.Equal("", one.Email));
        Assert.Single(Value(await user.Client.ListUsersAsync(null, "SHY.3bot@example.com", 1, Stop)).Items);
    }

    [Fact]
    public async Task Users_come_in_pages_by_id()
    {
        for (var i = 0; i < 5; i++) Value(await explorer.Client().CreateUserAsync(new User { Name = $"paged{i}", Pubkey = Key }, Stop));
        var ids = new List<long>();
        for (var page = 1; ; page++)
        {
            var (response, body) = await explorer.SendAsync("GET", $"/api/v1/users?size=2&page={page}");
            if (body == "[]\n") break;
            ids.AddRange(System.Text.Json.JsonDocument.Parse(body).RootElement.EnumerateArray().Select(user => user.GetProperty("id").GetInt64()));
            Assert.True(int.Parse(response.Headers.GetValues("Pages").Single(), null) >= page);
        }

        Assert.Equal(Enumerable.Range(1, ids.Count).Select(id => (long)id), ids);
    }

    [Fact]
    public async Task A_user_changes_what_is_his_with_his_signature_alone()
    {
        var user = await explorer.UserAsync("changer.3bot");
        var update = new UserUpdate { Id = user.Id, Name = "changer.3bot", Email = "new@example.com", Host = "h", Description = "d", Pubkey = user.Identity.PublicKey.Hex };
        Assert.Equal((401, true), await PutAsync(update));
        Assert.Equal((401, true), await PutAsync(Sign(update, Identity.Create())));
        Assert.Equal((200, false), await PutAsync(Sign(update, user.Identity)));
        var changed = Value(await user.Client.GetUserAsync(user.Id, Stop));
        Assert.Equal(("changer.3bot", "new@example.com", "h", "d"), (changed.Name, changed.Email, changed.Host, changed.Description));
        Assert.Empty(Value(await user.Client.ListUsersAsync(null, "changer.3bot@example.com", 1, Stop)).Items);
        var other = await explorer.UserAsync("taken.3bot");
        Assert.Equal((409, true), await PutAsync(Sign(update with { Email = "taken.3bot@example.com" }, user.Identity)));
        Assert.NotEqual(other.Id, user.Id);
    }

    [Fact]
    public async Task A_message_is_validated_against_a_users_key()
    {
        var user = await explorer.UserAsync("signer.3bot");
        var request = $$"""{"payload":"68656c6c6f","signature":"{{user.Identity.SignHex("hello"u8)}}"}""";
        Assert.Equal("{\"is_valid\":true}\n", (await explorer.SendAsync("POST", $"/api/v1/users/{user.Id}/validate", request)).Body);
        Assert.Equal("{\"is_valid\":false}\n", (await explorer.SendAsync("POST", $"/api/v1/users/{user.Id}/validate", request.Replace("68656c6c6f", "00", StringComparison.Ordinal))).Body);
        Assert.Equal(HttpStatusCode.BadRequest, (await explorer.SendAsync("POST", $"/api/v1/users/{user.Id}/validate", """{"payload":"x","signature":""}""")).Response.StatusCode);
    }

    [Fact]
    public async Task A_gateway_registers_reports_and_is_found()
    {
        var gateway = Identity.Create();
        var client = explorer.Client(ExplorerSigner.Gateway(gateway));
        Assert.Equal((404, $"gateway '{gateway.Id}' not found"), Refusal(await client.ReportUptimeAsync(gateway.Id, TimeSpan.FromSeconds(1), Stop)));
        Value(await client.RegisterGatewayAsync(Node(gateway), Stop));
        var first = Value(await client.GetGatewayAsync(gateway.Id, Stop));
        Value(await client.ReportUptimeAsync(gateway.Id, TimeSpan.FromHours(1), Stop));
        Value(await client.ReportReservedResourcesAsync(gateway.Id, new ReservedResources { Cru = 9, Subdomain = 3 }, Stop));
        var (_, text) = await explorer.SendAsync("GET", $"/explorer/gateways/{gateway.Id}");
        Assert.Contains("\"uptime\":3600", text, StringComparison.Ordinal);
        Assert.Contains("\"subdomain\":3", text, StringComparison.Ordinal);
        Assert.DoesNotContain("cru", text, StringComparison.Ordinal);
        Value(await client.RegisterGatewayAsync(Node(gateway) with { Id = 77, FreeToUse = true }, Stop));
        var again = Value(await client.GetGatewayAsync(gateway.Id, Stop));
        Assert.Equal((first.Id, first.Created, 0L, true), (again.Id, again.Created, again.Uptime, again.FreeToUse));
        Assert.Single(Value(await client.ListGatewaysAsync("Belgium", "Ghent", 5, 1, Stop)).Items, one => one.NodeId == gateway.Id);
        Assert.DoesNotContain(Value(await client.ListGatewaysAsync("France", null, null, 1, Stop)).Items, one => one.NodeId == gateway.Id);
    }

    [Fact]
    [Trait("adv", "R9")]
    public async Task Nobody_speaks_for_another_gateway()
    {
        var (own, other) = (Identity.Create(), Identity.Create());
        var client = explorer.Client(ExplorerSigner.Gateway(own));
        Assert.Equal(403, Refusal(await client.RegisterGatewayAsync(Node(other), Stop)).Status);
        Assert.Equal(400, Refusal(await client.RegisterGatewayAsync(Node(own) with { PublicKeyHex = other.PublicKey.Hex }, Stop)).Status);
        Value(await explorer.Client(ExplorerSigner.Gateway(other)).RegisterGatewayAsync(Node(other), Stop));
        Assert.Equal(403, Refusal(await client.ReportUptimeAsync(other.Id, TimeSpan.FromSeconds(1), Stop)).Status);
        Assert.Equal(403, Refusal(await client.ReportReservedResourcesAsync(other.Id, new ReservedResources(), Stop)).Status);
        Assert.Equal(401, Refusal(await explorer.Client().ReportUptimeAsync(other.Id, TimeSpan.FromSeconds(1), Stop)).Status);
        Assert.Equal(401, Refusal(await explorer.Client(new ExplorerSigner(other.Id, own)).ReportUptimeAsync(other.Id, TimeSpan.FromSeconds(1), Stop)).Status);
    }

    [Fact]
    public async Task A_gateway_that_lacks_something_is_a_400()
    {
        var gateway = Identity.Create();
        var client = explorer.Client(ExplorerSigner.Gateway(gateway));
        Assert.Equal((400, "farm_id is required"), Refusal(await client.RegisterGatewayAsync(Node(gateway) with { FarmId = 0 }, Stop)));
        Assert.Equal((400, "os_version is required"), Refusal(await client.RegisterGatewayAsync(Node(gateway) with { OsVersion = "" }, Stop)));
        Assert.Equal((400, "location is required"), Refusal(await client.RegisterGatewayAsync(Node(gateway) with { Location = new GatewayLocation() }, Stop)));
        Assert.Equal((400, "managed domain 'a b' is not a domain name"), Refusal(await client.RegisterGatewayAsync(Node(gateway) with { ManagedDomains = ["a b"] }, Stop)));
    }

    [Fact]
    public async Task A_full_directory_takes_no_stranger_and_still_knows_its_own()
    {
        var (own, stranger) = (Identity.Create(), Identity.Create());
        Value(await explorer.Client(ExplorerSigner.Gateway(own)).RegisterGatewayAsync(Node(own), Stop));
        using var stop = new CancellationTokenSource();
        var (server, running) = Start(new Gateway.Explorer.ExplorerOptions { GatewayLimit = 1 }, explorer.Connection, stop.Token);
        await using (server)
        {
            var root = new Uri($"http://{server.Bound[0]}");
            Assert.Equal(403, Refusal(await new ExplorerClient(explorer.Http, root, ExplorerSigner.Gateway(stranger)).RegisterGatewayAsync(Node(stranger), Stop)).Status);
            Value(await new ExplorerClient(explorer.Http, root, ExplorerSigner.Gateway(own)).RegisterGatewayAsync(Node(own), Stop));
            await stop.CancelAsync();
            await running;
        }
    }

    [Fact]
    public async Task Registrations_and_reports_at_once_lose_nothing()
    {
        var gateway = Identity.Create();
        var client = explorer.Client(ExplorerSigner.Gateway(gateway));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => client.RegisterGatewayAsync(Node(gateway), Stop)));
        await Task.WhenAll(client.ReportUptimeAsync(gateway.Id, TimeSpan.FromSeconds(5), Stop), client.ReportReservedResourcesAsync(gateway.Id, new ReservedResources { Proxy = 2 }, Stop));
        var stored = Value(await client.GetGatewayAsync(gateway.Id, Stop));
        Assert.Equal((5L, (ushort)2), (stored.Uptime, stored.Workloads.Proxy));
        Assert.Single(Value(await client.ListGatewaysAsync(null, null, null, 1, Stop)).Items, one => one.NodeId == gateway.Id);
    }

    [Fact]
    public async Task Pools_are_made_extended_and_listed()
    {
        var user = await explorer.UserAsync("pooler.3bot");
        var (one, two) = (Identity.Create().Id, Identity.Create().Id);
        var made = Value(await user.Client.CreatePoolAsync(PoolReservation.Sign(new PoolData { Cus = 5, NodeIds = [one] }, user.Id, user.Identity), Stop));
        Value(await user.Client.CreatePoolAsync(PoolReservation.Sign(new PoolData { PoolId = made.ReservationId, Cus = 6, NodeIds = [one, two] }, user.Id, user.Identity), Stop));
        var pool = Value(await user.Client.GetPoolAsync(made.ReservationId, Stop));
        Assert.Equal((11.0, user.Id, long.MaxValue), (pool.Cus, pool.CustomerTid, pool.EmptyAt));
        Assert.Equal([one, two], pool.NodeIds);
        Assert.Equal([user.Pool, made.ReservationId], Value(await user.Client.ListPoolsAsync(user.Id, Stop)).Items.Select(item => item.PoolId));
        Assert.Equal((404, "pool does not exist"), Refusal(await user.Client.GetPoolAsync(999_999, Stop)));
    }

    [Fact]
    [Trait("adv", "R9")]
    public async Task A_pool_needs_its_owners_signature()
    {
        var (user, thief) = (await explorer.UserAsync("owner.3bot"), await explorer.UserAsync("thief.3bot"));
        var wish = PoolReservation.Sign(new PoolData { NodeIds = ["x"] }, user.Id, user.Identity);
        Assert.Equal(400, Refusal(await user.Client.CreatePoolAsync(wish with { Reservation = wish.Reservation with { Cus = 1 } }, Stop)).Status);
        Assert.Equal(400, Refusal(await user.Client.CreatePoolAsync(wish with { CustomerTid = thief.Id }, Stop)).Status);
        Assert.Equal(403, Refusal(await thief.Client.CreatePoolAsync(PoolReservation.Sign(new PoolData { PoolId = user.Pool, NodeIds = ["x"] }, thief.Id, thief.Identity), Stop)).Status);
        Assert.Equal(400, Refusal(await user.Client.CreatePoolAsync(PoolReservation.Sign(new PoolData(), user.Id, user.Identity), Stop)).Status);
    }

    private static GatewayNode Node(Identity gateway) => new()
    {
        NodeId = gateway.Id,
        FarmId = 5,
        OsVersion = "gateway 0.1",
        PublicKeyHex = gateway.PublicKey.Hex,
        Location = new GatewayLocation { City = "Ghent", Country = "Belgium", Continent = "Europe" },
        ManagedDomains = [$"{gateway.Id.ToLowerInvariant()}.example.com"],
        DnsNameserver = ["ns1.example.com"],
        TcpRouterPort = 18000,
    };

    private static UserUpdate Sign(UserUpdate update, Identity identity) => update with
    {
        SenderSignatureHex = identity.SignHex(Encoding.UTF8.GetBytes($"{update.Id}{update.Name}{update.Email}{update.Host}{update.Description}{update.Pubkey}")),
    };

    private async Task<(int Status, bool IsError)> PutAsync(UserUpdate update)
    {
        var (response, body) = await explorer.SendAsync("PUT", $"/api/v1/users/{update.Id}", Encoding.UTF8.GetString(ExplorerJson.Write(update)));
        return ((int)response.StatusCode, body != "null\n");
    }
}
