using System.Text.Json;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Store;
using Xunit;

namespace Gateway.IntegrationTests.Store;

/// <summary>The recorded values of the public schema, written by us into a real Redis and read back octet for octet.</summary>
public sealed class RecordedValuesTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    [Fact]
    public async Task Redis_holds_the_recorded_services_as_we_write_them()
    {
        await using var connection = await redis.ConnectAsync();
        var writer = new LedgerWriter(connection, TimeProvider.System);
        foreach (var recorded in Read("valkeyrie-service.json").GetProperty("written_by_tfgateway").EnumerateArray())
        {
            var (key, text) = (recorded.GetProperty("redis_key").GetString()!, recorded.GetProperty("value_utf8").GetString()!);
            Assert.True(RedisSchema.TryReadServiceKey(key, out var host));
            Assert.True(RedisSchema.TryDecodeService(host, System.Text.Encoding.UTF8.GetBytes(text), out var route, out var fault), fault);
            var ours = RedisSchema.EncodeService(route);
            Assert.IsType<WriteOutcome.Written>(await writer.WriteAsync([new LedgerWrite.SetString(ours.Key, ours.Value)], LedgerWriter.NoFence, CancellationToken.None));
            Assert.Equal(text, (string?)await connection.Database.StringGetAsync(key));
        }
    }

    [Fact]
    public async Task Redis_holds_the_recorded_reservation_as_we_write_it()
    {
        await using var connection = await redis.ConnectAsync();
        var recorded = Read("reservation-cache.json");
        var (key, field, text) = (recorded.GetProperty("redis_key").GetString()!, recorded.GetProperty("field").GetString()!, recorded.GetProperty("value_utf8").GetString()!);
        Assert.Equal(RedisSchema.ReservationsKey, key);
        Assert.True(RedisSchema.TryDecodeReservation(System.Text.Encoding.UTF8.GetBytes(text), out var stored, out var fault), fault);
        var write = new LedgerWrite.SetField(RedisSchema.ReservationsKey, field, RedisSchema.EncodeReservation(stored));
        Assert.IsType<WriteOutcome.Written>(await new LedgerWriter(connection, TimeProvider.System).WriteAsync([write], LedgerWriter.NoFence, CancellationToken.None));
        Assert.Equal(text, (string?)await connection.Database.HashGetAsync(key, field));
    }

    private static JsonElement Read(string name)
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Gateway.sln"))) folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("Gateway.sln");
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "tests", "vectors", name)));
        return document.RootElement.Clone();
    }
}
