using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using Gateway.Server.Metrics;
using Gateway.UnitTests.Architecture;
using Xunit;

namespace Gateway.UnitTests.Server;

public sealed partial class MetricsTests
{
    private static HashSet<string> Documented => [.. Row().Matches(House.Read("docs/metrics.md")).Select(match => match.Groups[1].Value)];

    [Fact]
    public void Every_metric_is_documented_and_every_documented_one_exists()
    {
        var made = House.Sources.SelectMany(file => Made().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value).ToHashSet();
        Assert.Equal(made.Order(), Documented.Order());
    }

    [Theory]
    [InlineData("packaging/prometheus/gateway.rules.yml")]
    [InlineData("packaging/grafana/gateway.json")]
    public void Alerts_and_dashboards_name_only_metrics_that_exist(string file)
    {
        var named = Used().Matches(House.Read(file)).Select(match => Suffix().Replace(match.Value, "")).ToHashSet();
        Assert.NotEmpty(named);
        Assert.Empty(named.Except(Documented));
    }

    [Fact, Trait("adv", "O9")]
    public void A_hundred_thousand_labels_do_not_make_a_hundred_thousand_series()
    {
        using var metrics = new MetricsText();
        using var meter = new Meter("Gateway.Test.Labels");
        var counter = meter.CreateCounter<long>("gateway_test_many");
        for (var i = 0; i < 100_000; i++) counter.Add(1, new KeyValuePair<string, object?>("name", i));
        var lines = metrics.Write().Split('\n').Where(line => line.StartsWith("gateway_test_many{", StringComparison.Ordinal)).ToList();
        Assert.InRange(lines.Count, 1, 501);
        Assert.Equal(100_000, metrics.Totals([["gateway_test_many"]])[0]);
        Assert.Contains(lines, line => line.StartsWith("gateway_test_many{overflow=\"true\"} ", StringComparison.Ordinal));
    }

    [Fact]
    public void A_meter_that_ended_leaves_the_page()
    {
        using var metrics = new MetricsText();
        using (var meter = new Meter("Gateway.Test.Ended")) meter.CreateCounter<long>("gateway_test_ended").Add(1);
        Assert.DoesNotContain("gateway_test_ended", metrics.Write(), StringComparison.Ordinal);
    }

    [GeneratedRegex("""(?:Create(?:Observable)?(?:Counter|Gauge|UpDownCounter|Histogram)(?:<\w+>)?|Observe|ObserveCounter|ObservedHistogram)\(\s*"([a-z0-9_]+)""")]
    private static partial Regex Made();

    [GeneratedRegex(@"^\| `([a-z0-9_]+)` \| (?:counter|gauge|histogram) ", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"\b(?:gateway|process|dotnet)_[a-z0-9_]+")]
    private static partial Regex Used();

    [GeneratedRegex("_(?:bucket|sum|count)$")]
    private static partial Regex Suffix();
}
