using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>
/// `systemctl restart` of each role under load, by the same steps: the service manager keeps the sockets, ends the process, and
/// starts another one on them.
/// </summary>
public sealed class RestartTests : IAsyncLifetime
{
    private const string Host = "hello.gw.test";
    private const string Quick = "quick.gw.test";
    private const string Direct = "direct.gw.test";

    /* What nobody waits for in vain: longer than a drain and a start on a busy machine. */
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _work = new();
    private readonly KeptSockets _forDns = new();
    private readonly KeptSockets _forRouter = new();
    private readonly CancellationTokenSource _enough = new();
    private readonly ConcurrentQueue<string> _failures = [];
    private readonly HttpClient _visitor = new(new SocketsHttpHandler { MaxConnectionsPerServer = 1 }) { Timeout = Patience };
    private IPEndPoint _dns = null!;
    private IPEndPoint _tls = null!;
    private IPEndPoint _http = null!;
    private IPEndPoint _tunnel = null!;
    private int _served;

    public ValueTask InitializeAsync()
    {
        _dns = _forDns.ListenForQueries("dns");
        (_tls, _http, _tunnel) = (_forRouter.Listen("tls"), _forRouter.Listen("http"), _forRouter.Listen("tunnel"));
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _visitor.Dispose();
        _forDns.Dispose();
        _forRouter.Dispose();
        _enough.Dispose();
        _work.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact, Trait("adv", "O1"), Trait("adv", "O2")]
    public async Task Every_role_is_restarted_and_nobody_is_refused_or_cut_or_left_without_an_answer()
    {
        await using var redis = await RedisServer.StartAsync(_work.File("redis"));
        await using var web = new ByteServer(4_000_000, bytesPerSecond: 20_000_000, waits: true);
        await using var quick = new ByteServer(100, bytesPerSecond: 10_000_000);
        await using var tls = new EchoingTls();
        await File.WriteAllTextAsync(_work.File("routes.json"), $$"""{ "{{Direct}}": { "addr": "127.0.0.1", "httpport": {{quick.Address.Split(':')[1]}}, "tlsport": {{tls.Port}} } }""", TestContext.Current.CancellationToken);
        var nodes = await Task.WhenAll(StartDnsAsync(redis.Url), StartRouterAsync(redis.Url), StartReconcilerAsync(redis.Url));
        await using var ends = new Ends(nodes);
        var alice = await new CommandLineUser(nodes[2], _work.Path).RegisterAsync();
        await using var client = Expose(web, await alice.ReserveTunnelAsync(Host));
        await using var other = Expose(quick, await alice.ReserveTunnelAsync(Quick));
        await Task.WhenAll(client.SaysAsync("connected"), other.SaysAsync("connected"));
        await Programs.EventuallyAsync(async () => await Resolver.AskAsync(_dns, Host) == (0, 1), "the name is answered");

        var load = Task.WhenAll(AskAsync(), VisitOverTlsAsync(), VisitOverHttpAsync(Direct), VisitOverHttpAsync(Quick));
        await ServedAsync(20);
        await RestartAsync(ends, 0, () => StartDnsAsync(redis.Url));
        await RestartAsync(ends, 2, () => StartReconcilerAsync(redis.Url));
        var download = DownloadAsync();
        await Programs.EventuallyAsync(() => Task.FromResult(_begun), "the download has begun");
        // The end of the download keeps the node alive until its clients were told: they hear it first.
        var leaving = ends.Nodes[1].StopAsync();
        await Task.WhenAll(client.SaysAsync("the gateway goes away"), other.SaysAsync("the gateway goes away"));
        Assert.False(ends.Nodes[1].HasExited);
        web.Finish();
        Assert.Equal(web.Digest, await download);
        Assert.Equal(0, await leaving);
        var away = Stopwatch.StartNew();
        ends.Nodes[1] = await StartRouterAsync(redis.Url);
        await Task.WhenAll(client.SaysAsync(" as tunnel ", times: 2), other.SaysAsync(" as tunnel ", times: 2));
        TestContext.Current.SendDiagnosticMessage($"The tunnels stood again {away.ElapsedMilliseconds} ms after the old process had ended, its successor's start included.");
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(Host)).Code);
        await ServedAsync(20);
        await _enough.CancelAsync();
        await load;
        Assert.True(_failures.IsEmpty, $"{_failures.Count} of {_served + _failures.Count} failed:\n{string.Join('\n', _failures.Take(10))}\n{string.Join("\n----\n", ends.Nodes.Select(node => node.Log))}");
    }

    private bool _begun;

    /* All clients have one address here, and those who came meanwhile are there at once. */
    private Task<RunningNode> StartDnsAsync(string redis) =>
        RunningNode.StartUnderAsync(_forDns.Starter, _work.File("dns"), "--redis", redis, "--roles", "dns", "--dns-tcp-connections-per-client", "1000");

    private Task<RunningNode> StartRouterAsync(string redis) =>
        RunningNode.StartUnderAsync(_forRouter.Starter, _work.File("router"), "--redis", redis, "--roles", "router", "--seed", _work.File("identity.seed"), "--router-routes", _work.File("routes.json"), "--router-drain", "25s", "--router-tunnel-return", "1m");

    private Task<RunningNode> StartReconcilerAsync(string redis) =>
        RunningNode.StartAsync(_work.File("reconciler"), "--redis", redis, "--roles", "reconciler,explorer", "--seed", _work.File("identity.seed"), "--router-tunnel-listen", _tunnel.ToString());

    private static async Task RestartAsync(Ends ends, int which, Func<Task<RunningNode>> start)
    {
        Assert.Equal(0, await ends.Nodes[which].StopAsync());
        ends.Nodes[which] = await start();
    }

    private BackgroundProgram Expose(ByteServer local, string secret) => new(Programs.Gateway, ["expose", $"http://{local.Address}", "--remote", _tunnel.ToString(), "--secret-file", secret]);

    private Task ServedAsync(int more)
    {
        var before = Volatile.Read(ref _served);
        return Programs.EventuallyAsync(() => Task.FromResult(Volatile.Read(ref _served) >= before + more || !_failures.IsEmpty), "visitors are served");
    }

    private void Note(string what, string? fault)
    {
        if (fault is null) Interlocked.Increment(ref _served);
        else _failures.Enqueue($"{DateTime.UtcNow:HH:mm:ss.fff} {what}: {fault}");
    }

    /// <summary>Does something every so often, without waiting for what it did before.</summary>
    private async Task EveryAsync(int milliseconds, Func<Task> act)
    {
        var running = new List<Task>();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(milliseconds));
        while (!_enough.IsCancellationRequested)
        {
            running.Add(act());
            await pace.WaitForNextTickAsync(CancellationToken.None);
        }

        await Task.WhenAll(running);
    }

    private Task AskAsync() => Task.WhenAll(
        EveryAsync(20, async () => Note("UDP query", await Resolver.AskAsync(_dns, Host, milliseconds: (int)Patience.TotalMilliseconds) is var answer && answer == (0, 1) ? null : $"{answer}")),
        EveryAsync(100, async () => Note("TCP query", await Resolver.AskByTcpAsync(_dns, Host, Patience))));

    private Task VisitOverTlsAsync() => EveryAsync(50, async () => Note("TLS", await EchoingTls.VisitAsync(_tls, Direct, Patience)));

    /// <summary>One connection, kept alive for as long as the node likes.</summary>
    private async Task VisitOverHttpAsync(string host)
    {
        while (!_enough.IsCancellationRequested)
        {
            var (code, fault) = await GetAsync(host);
            Note($"HTTP to {host}", code == HttpStatusCode.OK ? null : $"{code} {fault}");
            await Task.Delay(20, CancellationToken.None);
        }
    }

    private async Task<(HttpStatusCode? Code, string? Fault)> GetAsync(string host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{_http}/") { Headers = { Host = host } };
        try
        {
            using var answer = await _visitor.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            return (answer.StatusCode, null);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return (null, e.ToString());
        }
    }

    private async Task<byte[]> DownloadAsync()
    {
        using var client = new HttpClient { Timeout = Patience };
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{_http}/") { Headers = { Host = Host } };
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        _begun = true;
        return await SHA256.HashDataAsync(await answer.Content.ReadAsStreamAsync());
    }

    /// <summary>The processes of the moment, which it ends.</summary>
    private sealed class Ends(RunningNode[] nodes) : IAsyncDisposable
    {
        public RunningNode[] Nodes { get; } = nodes;

        public async ValueTask DisposeAsync()
        {
            foreach (var node in Nodes) await node.DisposeAsync();
        }
    }
}
