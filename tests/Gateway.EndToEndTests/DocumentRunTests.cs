using System.Text.RegularExpressions;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>What the documents show does what they say: the example program, and the guide from an empty server to the first user.</summary>
public sealed partial class DocumentRunTests
{
    [Fact]
    public async Task The_example_program_reserves_a_name_and_gives_it_back()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var ended = await Programs.RunAsync(Path.Combine(Programs.Root, "docs", "examples", "reserve.sh"), [node.Explorer.ToString().TrimEnd('/'), "hello.gw.test", "127.0.0.1"]);
        Assert.True(ended.Code == 0, $"{ended.Output}{ended.Error}\n{node.Log}");
        Assert.Matches(@"^user 1\ngateway [1-9A-HJ-NP-Za-km-z]+, pool 1\nreservation 1\nhello\.gw\.test is served\nhello\.gw\.test is free\n$", ended.Output);
        var refused = await Programs.RunAsync(Path.Combine(Programs.Root, "docs", "examples", "reserve.sh"), [node.Explorer.ToString().TrimEnd('/'), "not.mine.example", "127.0.0.1"]);
        Assert.Equal(1, refused.Code);
        Assert.Contains("\"message\":\"", refused.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_guide_leads_to_the_first_user()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"), "--router-allowed-networks", "127.0.0.0/8");
        var guide = await File.ReadAllTextAsync(Path.Combine(Programs.Root, "docs", "guide.md"), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(work.File("gatewayd.json"), ConfigurationFile().Match(guide).Groups[1].Value, TestContext.Current.CancellationToken);
        var blocks = Step().Matches(guide);
        Assert.True(blocks.Count > 6);
        var background = new List<BackgroundProgram>();
        try
        {
            foreach (var block in blocks.Select(it => (How: it.Groups[1].Value, Text: Here(it.Groups[2].Value, node, work)))) await RunAsync(block.How, block.Text, node, work, background);
        }
        finally
        {
            foreach (var program in background) await program.DisposeAsync();
        }
    }

    private static async Task RunAsync(string how, string text, RunningNode node, TemporaryDirectory work, List<BackgroundProgram> background)
    {
        string[] words = ["-euc", $"cd '{work.Path}'\n{text}"];
        if (how == " in the background")
        {
            background.Add(new BackgroundProgram("bash", ["-euc", $"cd '{work.Path}'\nexec {text.Trim()}"], Variables(node, work)));
            return;
        }

        Ended? ended = null;
        await Programs.EventuallyAsync(async () => (ended = await Programs.RunAsync("bash", words, Variables(node, work))).Code == 0 || how.Length == 0, text);
        Assert.True(ended!.Code == 0, $"{text}\n{ended.Output}{ended.Error}\n{node.Log}");
    }

    // The same commands for a node on loopback, with ports of its own.
    private static string Here(string text, RunningNode node, TemporaryDirectory work) => text
        .Replace("/etc/gateway/gatewayd.json", work.File("gatewayd.json"), StringComparison.Ordinal)
        .Replace("203.0.113.1:18000", node.Tunnel.ToString(), StringComparison.Ordinal)
        .Replace(":80:203.0.113.1", $":{node.Http.Port}:127.0.0.1", StringComparison.Ordinal)
        .Replace("http://hello.gw.example.com/", $"http://hello.gw.test:{node.Http.Port}/", StringComparison.Ordinal)
        .Replace("--port 8000", $"--port {Port}", StringComparison.Ordinal)
        .Replace("127.0.0.1:8000", $"127.0.0.1:{Port}", StringComparison.Ordinal)
        .Replace("gw.example.com", "gw.test", StringComparison.Ordinal)
        .Replace("203.0.113.1", "127.0.0.1", StringComparison.Ordinal);

    // A port that was free a moment ago.
    private static readonly int Port = FreePort();

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Dictionary<string, string> Variables(RunningNode node, TemporaryDirectory work) => new()
    {
        ["PATH"] = $"{Path.GetDirectoryName(Programs.Gateway)}:{Path.GetDirectoryName(Programs.Gatewayd)}:{Environment.GetEnvironmentVariable("PATH")}",
        ["GW_EXPLORER"] = node.Explorer.ToString(),
        ["GW_IDENTITY"] = work.File("alice.seed"),
        ["GW_ADMIN"] = $"http://{node.Admin}",
        ["GW_ADMIN_TOKEN_FILE"] = Path.Combine(node.State, "admin.token"),
    };

    [GeneratedRegex("<!-- file gatewayd.json -->\n```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ConfigurationFile();

    [GeneratedRegex("<!-- run( in the background| until it succeeds)? -->\n```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Step();
}
