using Gateway.ExplorerApi;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Xunit;
using static Gateway.IntegrationTests.Explorer.ExplorerFixture;

namespace Gateway.IntegrationTests.Explorer;

/// <summary>Objects in Redis that cannot be read: not absent, and in nobody else's way.</summary>
public sealed class ExplorerDamagedTests(ExplorerFixture explorer) : IClassFixture<ExplorerFixture>
{
    [Theory]
    [InlineData("{bad")]
    [InlineData("")]
    [InlineData("{} {}")]
    [InlineData("[]")]
    [InlineData("{\"id\":1},{\"id\":2}")]
    public async Task A_damaged_workload_stops_neither_the_poll_nor_a_list(string damage)
    {
        var gateway = Identity.Create();
        var user = await explorer.UserAsync($"damage{Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(damage))}", gateway);
        var (bad, good) = (await user.ReserveAsync("bad.gw.example.com"), await user.ReserveAsync("good.gw.example.com"));
        await DamageAsync(RedisSchema.ExplorerWorkloadsKey, $"{bad}", damage);
        foreach (var path in (string[])[$"/api/v1/reservations/nodes/{gateway.Id}/workloads?from=1", $"/api/v1/reservations/nodes/{gateway.Id}/workloads?from={good + 1}", $"/api/v1/reservations/workloads?customer_tid={user.Id}", $"/api/v1/reservations/workloads?customer_tid={user.Id}&next_action=3"])
        {
            var (response, body) = await explorer.SendAsync("GET", path);
            Assert.Equal(200, (int)response.StatusCode);
            Assert.Equal(good, Assert.Single(System.Text.Json.Nodes.JsonNode.Parse(body)!.AsArray())!["id"]!.GetValue<long>());
        }

        foreach (var path in (string[])[$"/api/v1/reservations/workloads/{bad}", $"/api/v1/reservations/nodes/workloads/{bad}-1"])
            await IsDamagedAsync(path, $"workload {bad}");
    }

    [Fact]
    public async Task A_damaged_user_is_not_an_unknown_one()
    {
        var user = await explorer.UserAsync("broken.3bot");
        var other = await explorer.UserAsync("whole.3bot");
        await DamageAsync(RedisSchema.ExplorerUsersKey, $"{user.Id}", "{bad");
        await IsDamagedAsync($"/api/v1/users/{user.Id}", $"user {user.Id}");
        var refusal = Refusal(await user.Client.CreateWorkloadAsync(user.Subdomain("x.gw.example.com", "203.0.113.10"), Stop));
        Assert.Equal(500, refusal.Status);
        Assert.StartsWith($"user {user.Id} is stored in a form that cannot be read: ", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("[]\n", (await explorer.SendAsync("GET", "/api/v1/users?name=broken.3bot")).Body);
        var (_, all) = await explorer.SendAsync("GET", "/api/v1/users?size=1000");
        Assert.Contains($"\"id\":{other.Id},", all, StringComparison.Ordinal);
        Assert.DoesNotContain("broken.3bot", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_gateway_is_not_an_unknown_one_and_is_not_written_over()
    {
        var (gateway, other) = (Identity.Create(), Identity.Create());
        foreach (var one in (Identity[])[gateway, other]) Value(await explorer.Client(ExplorerSigner.Gateway(one)).RegisterGatewayAsync(Node(one), Stop));
        await DamageAsync(RedisSchema.ExplorerGatewaysKey, gateway.Id, "{bad");
        await IsDamagedAsync($"/api/v1/gateways/{gateway.Id}", $"gateway {gateway.Id}");
        Assert.Equal(500, Refusal(await explorer.Client(ExplorerSigner.Gateway(gateway)).RegisterGatewayAsync(Node(gateway), Stop)).Status);
        Assert.Equal("{bad", (await explorer.Connection.Database.HashGetAsync(RedisSchema.ExplorerGatewaysKey, gateway.Id)).ToString());
        var (_, all) = await explorer.SendAsync("GET", "/api/v1/gateways");
        Assert.Contains(other.Id, all, StringComparison.Ordinal);
        Assert.DoesNotContain(gateway.Id, all, StringComparison.Ordinal);
    }

    private static GatewayNode Node(Identity gateway) => new()
    {
        NodeId = gateway.Id,
        PublicKeyHex = gateway.PublicKey.Hex,
        FarmId = 1,
        OsVersion = "test",
        Location = new GatewayLocation { Country = "Belgium" },
    };

    private Task<bool> DamageAsync(string hash, string field, string value) => explorer.Connection.Database.HashSetAsync(hash, field, value);

    private async Task IsDamagedAsync(string path, string what)
    {
        var (response, body) = await explorer.SendAsync("GET", path);
        Assert.Equal(500, (int)response.StatusCode);
        Assert.StartsWith($"{{\"error\":\"{what} is stored in a form that cannot be read: ", body, StringComparison.Ordinal);
    }
}
