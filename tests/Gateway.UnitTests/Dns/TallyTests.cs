using Gateway.Dns;
using Gateway.Dns.Wire;
using Gateway.Model.Records;
using Gateway.Server.Metrics;
using Xunit;

namespace Gateway.UnitTests.Dns;

public sealed class TallyTests
{
    [Fact]
    public void Queries_are_counted_by_their_type_and_types_without_a_name_together()
    {
        var tally = new Tally("udp");
        foreach (var type in new RecordType[] { RecordType.A, RecordType.A, RecordType.Caa, (RecordType)99, (RecordType)65_280, 0 }) tally.Count(12, new Verdict(Rcode.NoError, null, false, Type: type));
        tally.CountShared(12, new Verdict(Rcode.NoError, null, false, Type: RecordType.Https));
        Assert.Equal((2, 1, 1, 3), (tally.Of(RecordType.A), tally.Of(RecordType.Caa), tally.Of(RecordType.Https), tally.Of(Tally.Other)));
        Assert.Equal(tally.Queries, Tally.Types.Sum(tally.Of));
    }

    [Fact]
    public void The_page_of_metrics_shows_types_and_times_by_transport()
    {
        using var page = new MetricsText();
        using var metrics = new DnsMetrics();
        var (one, two) = (metrics.OpenTally("udp"), metrics.OpenTally("udp"));
        one.Count(12, new Verdict(Rcode.NoError, null, false, Type: RecordType.Aaaa));
        two.Count(12, new Verdict(Rcode.NoError, null, false, Type: RecordType.Aaaa));
        one.Latency.Add(TimeSpan.FromMicroseconds(40), 3);
        two.Latency.Add(TimeSpan.FromSeconds(2), 1);
        var text = page.Write();
        Assert.Contains("# TYPE gateway_dns_answer_seconds histogram\n", text, StringComparison.Ordinal);
        Assert.Contains("gateway_dns_queries_total{transport=\"udp\",type=\"AAAA\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("gateway_dns_queries_total{transport=\"udp\",type=\"other\"} 0\n", text, StringComparison.Ordinal);
        Assert.Contains("gateway_dns_answer_seconds_bucket{transport=\"udp\",le=\"2.5E-05\"} 0\n", text, StringComparison.Ordinal);
        Assert.Contains("gateway_dns_answer_seconds_bucket{transport=\"udp\",le=\"5E-05\"} 3\n", text, StringComparison.Ordinal);
        Assert.Contains("gateway_dns_answer_seconds_bucket{transport=\"udp\",le=\"1\"} 3\n", text, StringComparison.Ordinal);
        Assert.Contains("gateway_dns_answer_seconds_bucket{transport=\"udp\",le=\"+Inf\"} 4\n", text, StringComparison.Ordinal);
        Assert.Contains("gateway_dns_answer_seconds_sum{transport=\"udp\"} 2.00012\n", text, StringComparison.Ordinal);
        Assert.Contains("gateway_dns_answer_seconds_count{transport=\"udp\"} 4\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Counting_allocates_nothing()
    {
        var tally = new Tally("udp");
        var verdict = new Verdict(Rcode.NxDomain, null, false, Type: RecordType.Txt);
        Count(10);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Count(1_000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Count(int times)
        {
            for (var i = 0; i < times; i++)
            {
                tally.Count(12, verdict);
                tally.Latency.Add(TimeSpan.FromMicroseconds(i), 64);
                tally.Latency.AddShared(TimeSpan.FromMicroseconds(i));
            }
        }
    }
}
