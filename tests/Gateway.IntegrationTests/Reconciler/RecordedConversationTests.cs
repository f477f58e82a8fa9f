using System.Text.Json;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Reconciler;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>Each conversation with the public explorer, in either of its versions, is held again, and comes to what it should.</summary>
public sealed class RecordedConversationTests(RedisFixture redis) : IClassFixture<RedisFixture>, IAsyncLifetime
{
    private FakeExplorer _explorer = null!;

    /// <summary>Every file below tests/conversations.</summary>
    public static TheoryData<string> Conversations => [.. Directory.EnumerateFiles(Folder, "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)).Order()];

    private static string Folder
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "Gateway.sln"))) folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("Gateway.sln");
            return Path.Combine(folder, "tests", "conversations");
        }
    }

    public async ValueTask InitializeAsync()
    {
        await redis.FlushAsync();
        _explorer = await FakeExplorer.StartAsync();
        _explorer.AddUser(7, Rig.User7);
    }

    public ValueTask DisposeAsync() => _explorer.DisposeAsync();

    [Theory]
    [MemberData(nameof(Conversations))]
    public async Task It_is_held_again(string name)
    {
        var recorded = RecordedConversation.Read(Path.Combine(Folder, name + ".txt"));
        Assert.NotEmpty(recorded.Expected);
        _explorer.Misbehave = recorded.AnswerAsync;
        await using var rig = await Rig.StartAsync(redis, _explorer, Hurry, deadline: TimeSpan.FromSeconds(1));
        // First what has to come, then what must not have come meanwhile.
        foreach (var expected in recorded.Expected.OrderBy(IsNegative))
        {
            if (IsNegative(expected)) Assert.False(await HoldsAsync(expected[4..], rig, recorded), $"{name}: {expected}");
            else await Eventually.TrueAsync(() => HoldsAsync(expected, rig, recorded), $"{name}: {expected}");
        }

        await Eventually.TrueAsync(() => recorded.IsOver, $"{name}: every answer was given");
    }

    // A name that one user gave up is another's at once, as it was with the old gateway.
    private static void Hurry(ReconcilerOptions options) => (options.UptimeInterval, options.Quarantine) = (TimeSpan.FromMilliseconds(200), TimeSpan.Zero);

    private static bool IsNegative(string expected) => expected.StartsWith("not ", StringComparison.Ordinal);

    private static async Task<bool> HoldsAsync(string expected, Rig rig, RecordedConversation recorded) => expected.Split(' ') switch
    {
        ["served", var id] => await rig.Redis.HashExistsAsync(RedisSchema.ReservationsKey, id),
        ["reported", var id, var state] => recorded.Bodies($"PUT {Place(id)}").Any(body => StateOf(body) == (state == "ok" ? 1 : 0)),
        ["deleted", var id] => recorded.Asked($"DELETE {Place(id)}") > 0,
        ["asked", "twice", .. var request] => recorded.Asked(string.Join(' ', request)) > 1,
        ["asked", .. var request] => recorded.Asked(string.Join(' ', request)) > 0,
        ["said", ..] => rig.Log.Lines.Any(line => line.Contains(expected["said ".Length..], StringComparison.Ordinal)),
        ["registered"] => rig.Loop.Status.IsRegistered,
        _ => throw new InvalidDataException($"'{expected}' says nothing that can be looked at."),
    };

    private static string Place(string id) => $"/api/v1/reservations/nodes/{Rig.Gateway.Id}/workloads/{id}";

    private static int StateOf(string body)
    {
        using var result = JsonDocument.Parse(body);
        return result.RootElement.GetProperty("state").GetInt32();
    }
}
