using System.Diagnostics;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>What Prometheus' own tool says of the metrics and the alert rules.</summary>
public sealed class MetricsTests
{
    [Fact]
    public async Task Promtool_finds_no_fault_in_the_metrics_of_a_node_that_was_used()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"), "--dns-forward-to", "127.0.0.1:9", "--dns-forward-clients", "192.0.2.0/24", "--dns-transfer-networks", "127.0.0.0/8", "--dns-secondaries", "127.0.0.1:9");
        await Resolver.AskAsync(node.Dns, "none.gw.test");
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri($"http://{node.Http}/"), TestContext.Current.CancellationToken);
        await new CommandLineUser(node, work.Path).RegisterAsync();
        var metrics = await node.AdminAsync("/metrics");
        Assert.Equal(200, metrics.Status);

        using var promtool = Process.Start(new ProcessStartInfo("promtool", ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true })!;
        await promtool.StandardInput.WriteAsync(metrics.Body);
        promtool.StandardInput.Close();
        var said = await promtool.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await promtool.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, ""), (promtool.ExitCode, said));
        Assert.Contains("gateway_part_serving{part=\"zones\"} 1\n", metrics.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Promtool_finds_no_fault_in_the_alert_rules()
    {
        var ended = await Programs.RunAsync("promtool", ["check", "rules", Path.Combine(Programs.Root, "packaging", "prometheus", "gateway.rules.yml")]);
        Assert.True(ended.Code == 0, ended.Output + ended.Error);
    }
}
