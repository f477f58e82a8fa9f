using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>Traces and log lines by OTLP: what a collector gets, and what one that is dead does to nobody.</summary>
public sealed class OtlpTests
{
    [Fact]
    public async Task A_collector_gets_the_spans_and_the_lines_of_a_visitor_under_one_id()
    {
        using var work = new TemporaryDirectory();
        await using var collector = new Collector(answers: true);
        await using var node = await RunningNode.StartAsync(work.File("state"), "--otlp-endpoint", $"http://{collector.EndPoint}");
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{node.Http}/") { Headers = { { "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" } } };
        request.Headers.Host = "nobody.gw.test";
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        var id = answer.Headers.GetValues("X-Request-Id").Single();
        await Programs.EventuallyAsync(() => Task.FromResult(collector.Has("/v1/traces", "http request", id, "nobody.gw.test", "NoRoute")), "the span arrives");
        await Programs.EventuallyAsync(() => Task.FromResult(collector.Has("/v1/logs", "Gateway.Router", id, "nobody.gw.test")), "the log line arrives");
        // A stranger's trace is not ours.
        Assert.False(collector.Has("/v1/traces", Encoding.Latin1.GetString(Convert.FromHexString("0af7651916cd43dd8448eb211c80319c"))));
        await new CommandLineUser(node, work.Path).RegisterAsync();
        await Programs.EventuallyAsync(() => Task.FromResult(collector.Has("/v1/traces", "reservation api", "/api/v1/users")), "the reservation API has spans too");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_collector_that_is_dead_or_silent_harms_nobody(bool isThere)
    {
        using var work = new TemporaryDirectory();
        await using var collector = new Collector(answers: false);
        await using var node = await RunningNode.StartAsync(work.File("state"), "--otlp-endpoint", isThere ? $"http://{collector.EndPoint}" : "http://127.0.0.1:9");
        using var client = new HttpClient();
        // More than the queues hold.
        for (var i = 0; i < 3_000; i++) (await client.GetAsync(new Uri($"http://{node.Http}/"), TestContext.Current.CancellationToken)).Dispose();
        Assert.Equal(200, (await node.AdminAsync("/readyz")).Status);
        Assert.Equal(0, await node.StopAsync());
    }

    /// <summary>The other end: takes requests of OTLP over HTTP, and keeps their bodies.</summary>
    private sealed class Collector : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly List<(string Path, string Body)> _taken = [];
        private readonly Task _serving;

        public Collector(bool answers)
        {
            _listener.Start();
            _serving = ServeAsync(answers);
        }

        public EndPoint EndPoint => _listener.LocalEndpoint;

        /// <summary>True when one body that came to this path has all these words.</summary>
        public bool Has(string path, params string[] words)
        {
            lock (_taken) return _taken.Any(it => it.Path == path && words.All(word => it.Body.Contains(word, StringComparison.Ordinal)));
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _listener.Dispose();
            _stop.Dispose();
        }

        private async Task ServeAsync(bool answers)
        {
            var visits = new List<Task>();
            try
            {
                while (true)
                {
                    var visitor = await _listener.AcceptTcpClientAsync(_stop.Token);
                    visits.Add(TakeAsync(visitor, answers));
                }
            }
            finally
            {
                await Task.WhenAll(visits).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        private async Task TakeAsync(TcpClient visitor, bool answers)
        {
            using var owned = visitor;
            var stream = visitor.GetStream();
            if (!answers) await Task.Delay(Timeout.InfiniteTimeSpan, _stop.Token);
            while (await HeadAsync(stream) is { Length: > 0 } head)
            {
                var lines = head.Split("\r\n");
                var length = lines.FirstOrDefault(line => line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase));
                var body = new byte[length is null ? 0 : int.Parse(length.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)];
                await stream.ReadExactlyAsync(body, _stop.Token);
                lock (_taken) _taken.Add((lines[0].Split(' ')[1], Encoding.Latin1.GetString(body)));
                await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), _stop.Token);
            }
        }

        private async Task<string> HeadAsync(NetworkStream stream)
        {
            var head = new StringBuilder();
            var octet = new byte[1];
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                if (await stream.ReadAsync(octet, _stop.Token) == 0) return "";
                head.Append((char)octet[0]);
            }

            return head.ToString();
        }
    }
}
