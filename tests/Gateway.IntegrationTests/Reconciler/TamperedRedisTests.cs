using System.Net;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.Reservations;
using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>Somebody with access to Redis writes reservations of his own, and changes those of others: he is not believed, and the operator is told.</summary>
[Trait("adv", "R8")]
public sealed class TamperedRedisTests(RedisFixture redis) : RigTests(redis)
{
    private const string Name = "a.gw.example.com";
    private const string Wanted = "bank.gw.example.com";

    private readonly string _directory = Directory.CreateTempSubdirectory("gateway-tampered-").FullName;

    private string Copy => Path.Combine(_directory, "reservations.lkg");

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_reservation_that_the_gateway_did_not_write_gives_nobody_anything()
    {
        long mine;
        await using (var rig = await StartAsync())
        {
            mine = Explorer.Add(Rig.Subdomain(7, Name, "203.0.113.10"));
            await rig.ReportedAsync(mine);
            await Eventually.TrueAsync(() => rig.Loop.Status.ComparedAt is not null, "what it holds is worth a copy");
        }

        await using var connection = await Redis.ConnectAsync();
        await connection.Database.HashSetAsync(RedisSchema.ReservationsKey, "777-1", Forged("777-1", Wanted));
        await connection.Database.HashSetAsync(RedisSchema.ReservationsKey, $"{mine}-1", Forged($"{mine}-1", Name));
        await using var again = await StartAsync();
        await Eventually.TrueAsync(() => again.Loop.Status.Unreadable > 0, "it is counted");
        Assert.Contains(again.Log.Lines, it => it.StartsWith("Error", StringComparison.Ordinal) && it.Contains("777-1", StringComparison.Ordinal) && it.Contains("seal", StringComparison.Ordinal));
        Assert.Equal("7", again.Value(RedisSchema.NameOwnersKey, Name));
        Assert.Equal("""{"a":[{"ip":"203.0.113.10","ttl":3600}]}""", again.Value("gw.example.com.", "a"));
        Assert.Null(again.Value("gw.example.com.", "bank"));

        var honest = Explorer.Add(Rig.Subdomain(7, Wanted, "203.0.113.11"));
        await again.ServedAsync(honest);
        again.Loop.CompareNow();
        await Eventually.TrueAsync(() => !again.Redis.HashExists(RedisSchema.ReservationsKey, "777-1"), "what nobody wrote is gone");
        again.Loop.CompareNow();
        await Eventually.TrueAsync(() => again.Loop.Status.Unreadable == 0, "all is well again");
        Assert.Contains("\"user_id\":\"7\"", again.Value(RedisSchema.ReservationsKey, $"{mine}-1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reservation_that_is_changed_under_a_running_gateway_is_written_again()
    {
        await using var rig = await StartAsync();
        var mine = Explorer.Add(Rig.Subdomain(7, Name, "203.0.113.10"));
        await rig.ReportedAsync(mine);
        await Eventually.TrueAsync(() => IsInCopy($"{mine}-1"), "the copy is up to date");
        var written = rig.Value(RedisSchema.ReservationsKey, $"{mine}-1");
        await rig.Redis.HashSetAsync(RedisSchema.ReservationsKey, $"{mine}-1", Forged($"{mine}-1", Name));
        rig.Loop.CompareNow();
        await Eventually.TrueAsync(() => rig.Value(RedisSchema.ReservationsKey, $"{mine}-1")!.Contains("\"user_id\":\"7\"", StringComparison.Ordinal), "it is as it was");
        Assert.Contains("\"seal\":", written, StringComparison.Ordinal);
        Assert.Equal("7", rig.Value(RedisSchema.NameOwnersKey, Name));
    }

    [Fact]
    public async Task What_an_earlier_version_left_without_a_seal_is_taken_and_sealed()
    {
        long mine;
        await using (var rig = await StartAsync())
        {
            mine = Explorer.Add(Rig.Subdomain(7, Name, "203.0.113.10"));
            await rig.ReportedAsync(mine);
            await Eventually.TrueAsync(() => rig.Loop.Status.ComparedAt is not null, "what it holds is worth a copy");
        }

        File.Delete(Copy);
        await using var connection = await Redis.ConnectAsync();
        var value = (string)(await connection.Database.HashGetAsync(RedisSchema.ReservationsKey, $"{mine}-1"))!;
        await connection.Database.HashSetAsync(RedisSchema.ReservationsKey, $"{mine}-1", value[..value.IndexOf(",\"seal\"", StringComparison.Ordinal)] + "}\n");
        await using var again = await StartAsync();
        await Eventually.TrueAsync(() => again.Value(RedisSchema.ReservationsKey, $"{mine}-1") == value, "it is sealed");
        Assert.Equal(0, again.Loop.Status.Unreadable);
        Assert.Empty(Explorer.Deleted);
    }

    private static string Forged(string id, string name) => RedisSchema.EncodeReservation(new StoredReservation(
        new Reservation.Subdomain(id, 9, Rig.Gateway.Id, DateTimeOffset.UnixEpoch, DomainName.Parse(name), new EquatableList<IPAddress>([IPAddress.Parse("203.0.113.66")])),
        "ab", "", 2, new StoredResult(1, "", "null", "beef", default)));

    private bool IsInCopy(string id) =>
        new LastKnownGood(Copy, NullLogger.Instance).TryLoad(out var values, out _) && values.Any(it => it.Key == RedisSchema.ReservationsKey && it.Field == id);

    private Task<Rig> StartAsync() => Rig.StartAsync(Redis, Explorer, copy: Copy);
}
