using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

public sealed partial class LocaleTests
{
    [Theory, Trait("adv", "O5")]
    [InlineData("tr_TR.UTF-8", "Asia/Kolkata")]
    [InlineData("ar_SA.UTF-8", "America/St_Johns")]
    public async Task Neither_the_language_nor_the_time_zone_of_the_machine_changes_anything(string language, string zone)
    {
        using var work = new TemporaryDirectory();
        string[] elsewhere = ["env", $"LANG={language}", $"LC_ALL={language}", $"TZ={zone}"];
        await using var node = await RunningNode.StartUnderAsync(elsewhere, work.File("state"));
        var before = DateTimeOffset.UtcNow;
        var variables = new Dictionary<string, string> { ["GW_EXPLORER"] = node.Explorer.ToString(), ["GW_IDENTITY"] = work.File("alice.seed"), ["LANG"] = language, ["LC_ALL"] = language, ["TZ"] = zone };
        await MustAsync(variables, "identity", "new");
        await MustAsync(variables, "user", "register", "--name", "alice", "--email", "alice@example.test");

        // The Turkish small letter of I is another one than i.
        await MustAsync(variables, "reserve", "subdomain", "MINI.GW.TEST", "--ip", "127.0.0.1");
        foreach (var name in new[] { "mini.gw.test", "MINI.gw.test", "mInI.GW.tEsT" }) Assert.Equal((0, 1), await Resolver.AskAsync(node.Dns, name));

        var metrics = (await node.AdminAsync("/metrics")).Body;
        Assert.Matches(@"(?m)^process_cpu_seconds_total [0-9]+\.[0-9]+$", metrics);
        var line = Stamp().Match(node.Log);
        Assert.True(DateTimeOffset.TryParseExact(line.Value, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at), node.Log);
        Assert.InRange(at, before.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(5));
    }

    private static async Task<JsonNode> MustAsync(Dictionary<string, string> variables, params string[] arguments)
    {
        var ended = await Programs.RunAsync(Programs.Gateway, [.. arguments, "--json"], variables);
        Assert.True(ended.Code == 0, ended.Output + ended.Error);
        return JsonNode.Parse(ended.Output)!;
    }

    [GeneratedRegex(@"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")]
    private static partial Regex Stamp();
}
