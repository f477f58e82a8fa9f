using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

public sealed class LogFloodTests
{
    /// <summary>More lines than wait to be written, and far more than fit into the pipe.</summary>
    private const int Questions = 30_000;

    [Fact, Trait("adv", "O4")]
    public async Task A_log_that_nobody_takes_holds_nobody_up_and_costs_no_memory_without_end()
    {
        using var work = new TemporaryDirectory();
        var pipe = work.File("log");
        Assert.Equal(0, (await Programs.RunAsync("mkfifo", [pipe])).Code);
        // Its own reader, who never reads: a journal that hangs.
        string[] starter = ["bash", "-c", "exec 2<>\"$0\"; exec \"$@\"", pipe];
        await using var node = await RunningNode.StartUnderAsync(starter, work.File("state"), "--log-level", "trace", "--dns-query-log", "true", "--dns-rate-limit", "0");
        using var process = System.Diagnostics.Process.GetProcessById(node.ProcessId);
        var answered = 0;
        for (var asked = 0; asked < Questions; asked += 50)
        {
            var answers = await Task.WhenAll(Enumerable.Range(asked, 50).Select(i => Resolver.AskAsync(node.Dns, $"n{i}.gw.test", milliseconds: 20_000)));
            answered += answers.Count(answer => answer == (3, 0));
        }

        Assert.Equal(Questions, answered);
        Assert.Equal(200, (await node.AdminAsync("/readyz")).Status);
        process.Refresh();
        // The lines that wait are bounded by their number: ten thousand of less than a kilobyte.
        Assert.InRange(process.WorkingSet64, 0, 500_000_000);
    }
}
