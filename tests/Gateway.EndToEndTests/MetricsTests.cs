using System.Diagnostics;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>What Prometheus' own tool says of the metrics and the alert rules.</summary>
public sealed class MetricsTests
{
    private static readonly string[] Expected =
    [
        "gateway_part_serving{part=\"zones\"} 1\n", "gateway_snapshot_age_seconds{snapshot=\"zones\"} 0\n", "gateway_store_up 1\n",
        "gateway_dns_queries_total{transport=\"udp\",type=\"A\"} 1\n", "gateway_dns_queries_total{transport=\"tcp\",type=\"MX\"} 1\n",
        "gateway_dns_answer_seconds_count{transport=\"udp\"} 1\n", "gateway_dns_answer_seconds_count{transport=\"tcp\"} ", // The node asks itself before it registers.
        "gateway_certificate_not_after_timestamp_seconds{certificate=\"tunnel\"} 253402300799\n", "gateway_reconciler_plan_changes_count ",
        "gateway_reconciler_last_success_timestamp_seconds ", "gateway_store_ping_seconds_bucket{connection=\"commands\",le=\"+Inf\"} ",
        "gateway_router_relayed_bytes_total{protocol=\"tls\",direction=\"to_upstream\"} 0\n", "gateway_router_relayed_bytes_total{protocol=\"http\",direction=\"to_visitor\"} 0\n",
    ];

    [Fact]
    public async Task Promtool_finds_no_fault_in_the_metrics_of_a_node_that_was_used()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"), "--dns-forward-to", "127.0.0.1:9", "--dns-forward-clients", "192.0.2.0/24", "--dns-transfer-networks", "127.0.0.0/8", "--dns-secondaries", "127.0.0.1:9");
        await Resolver.AskAsync(node.Dns, "none.gw.test");
        await Programs.RunAsync("dig", ["+tcp", "+tries=1", "@127.0.0.1", "-p", $"{node.Dns.Port}", "gw.test", "MX"]);
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
        foreach (var line in Expected) Assert.Contains(line, metrics.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Promtool_finds_no_fault_in_the_alert_rules()
    {
        var ended = await Programs.RunAsync("promtool", ["check", "rules", Path.Combine(Programs.Root, "packaging", "prometheus", "gateway.rules.yml")]);
        Assert.True(ended.Code == 0, ended.Output + ended.Error);
    }

    [Fact]
    public async Task Each_alert_fires_for_what_it_is_about_and_a_well_node_gives_none()
    {
        var tests = Path.Combine(Programs.Root, "tests", "vectors", "prometheus", "gateway.rules.test.yml");
        var ended = await Programs.RunAsync("promtool", ["test", "rules", tests]);
        Assert.True(ended.Code == 0, ended.Output + ended.Error);
        var expected = await File.ReadAllTextAsync(tests, TestContext.Current.CancellationToken);
        var rules = await File.ReadAllLinesAsync(Path.Combine(Programs.Root, "packaging", "prometheus", "gateway.rules.yml"), TestContext.Current.CancellationToken);
        var alerts = rules.Where(line => line.Contains("- alert: ", StringComparison.Ordinal)).Select(line => line.Split(": ")[1].Trim()).ToList();
        Assert.NotEmpty(alerts);
        Assert.All(alerts, alert => Assert.Contains($"alertname=\"{alert}\"", expected, StringComparison.Ordinal));
    }
}
