using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests.Recursors;

/// <summary>
/// A small Internet: a root, a parent, our node with a managed domain and users' domains below the parent, a zone beside it, and
/// two recursors that know nothing but the root.
/// </summary>
public sealed class DelegatedNames : IAsyncLifetime
{
    internal const string First = "127.10.0.10";
    internal const string Second = "127.10.0.11";

    private readonly TemporaryDirectory _directory = new();
    private PrivateNetwork? _network;
    private BackgroundProgram? _node;

    /// <summary>What the node logged, its log of queries included.</summary>
    internal string NodeLog => _node!.Output;

    private PrivateNetwork Network => _network!;

    public async ValueTask InitializeAsync()
    {
        _network = await PrivateNetwork.CreateAsync();
        try
        {
            StartPeers();
            await StartNodeAsync();
            await FillAsync();
        }
        catch (Exception e)
        {
            var log = Network.Log;
            await DisposeAsync();
            throw new InvalidOperationException($"The network could not be built. Its programs said:\n{log}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_network is not null) await _network.DisposeAsync();
        _network = null;
        _directory.Dispose();
    }

    /// <summary>Asks a server; gives the code and the answers without owners and TTLs, in a fixed order, as in <c>NOERROR A 192.0.2.1</c>.</summary>
    internal async Task<string> AskAsync(string server, string question)
    {
        var text = await Network.MustAsync("dig", [$"@{server}", "+noall", "+comments", "+answer", "+tries=3", "+time=10", .. question.Split(' ')]);
        var lines = text.Split('\n');
        var status = lines.First(line => line.Contains("status: ", StringComparison.Ordinal)).Split("status: ")[1].Split(',')[0];
        var answers = lines.Where(line => line.Length > 0 && line[0] != ';').Select(line => string.Join(' ', line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[3..]));
        return string.Join(' ', [status, .. answers.Order(StringComparer.Ordinal)]);
    }

    /// <summary>Everything that a server says about a question, as dig prints it.</summary>
    internal Task<string> WholeAnswerAsync(string server, string question) =>
        Network.MustAsync("dig", [$"@{server}", "+norec", "+tries=3", "+time=10", .. question.Split(' ')]);

    /// <summary>Writes records as any program may.</summary>
    internal Task PutAsync(string zone, string name, string records) => Network.MustAsync("redis-cli", "-e", "HSET", zone + ".", name, records);

    /// <summary>Runs <c>gateway</c> in the network.</summary>
    internal async Task GatewayAsync(params string[] arguments)
    {
        var ended = await Network.RunAsync(Programs.Gateway, arguments, new Dictionary<string, string> { ["GW_EXPLORER"] = "http://127.0.0.1:8090", ["GW_IDENTITY"] = _directory.File("alice.seed") });
        Assert.True(ended.Code == 0, $"gateway {string.Join(' ', arguments)} ended with {ended.Code}: {ended.Output}{ended.Error}\n{Network.Log}");
    }

    private void StartPeers()
    {
        StartNsd(PeerServers.Root, ".", PeerServers.RootZone);
        StartNsd(PeerServers.Parent, "example.", PeerServers.ParentZone);
        StartNsd(PeerServers.Beside, "further.gw.example.", PeerServers.BesideZone);
        Write("root.hints", PeerServers.Hints);
        Network.Start("/usr/sbin/unbound", "-d", "-c", Write("unbound.conf", PeerServers.UnboundConfiguration(_directory.Path)));
        Network.Start("/usr/sbin/named", "-g", "-n", "1", "-c", Write("named.conf", PeerServers.BindConfiguration(_directory.Path)));
    }

    private void StartNsd(string address, string zone, string contents)
    {
        var file = Write($"zone-{address}.db", contents + "\n");
        Network.Start("/usr/sbin/nsd", "-d", "-c", Write($"nsd-{address}.conf", PeerServers.NsdConfiguration(_directory.Path, address, zone, file)));
    }

    private async Task StartNodeAsync()
    {
        Network.Start("redis-server", "--bind", "127.0.0.1", "--dir", _directory.Path, "--save", "");
        await Programs.EventuallyAsync(async () => (await Network.RunAsync("redis-cli", ["PING"])).Output.Trim() == "PONG", "Redis answers");
        _node = Network.Start(
            Programs.Gatewayd, "--state", _directory.File("state"), "--redis", "redis://127.0.0.1:6379", "--roles", "dns,explorer,reconciler",
            "--domains", "gw.example", "--nameservers", "ns1.gw.example,ns2.gw.example", "--dns-listen", $"{First}:53,{Second}:53", "--dns-query-log", "true");
        await Programs.EventuallyAsync(async () => (await Network.RunAsync("curl", ["-sf", "http://127.0.0.1:8091/readyz"])).Code == 0, "the node is ready");
    }

    private async Task FillAsync()
    {
        await PutAsync("gw.example", "ns1", $$"""{"a":[{"ip":"{{First}}"}]}""");
        await PutAsync("gw.example", "ns2", $$"""{"a":[{"ip":"{{Second}}"}]}""");
        await PutAsync("gw.example", "www", """{"a":[{"ip":"192.0.2.10"}]}""");
        await PutAsync("gw.example", "*.wild", """{"a":[{"ip":"192.0.2.11"}]}""");
        await PutAsync("gw.example", "a.b.c.deep", """{"a":[{"ip":"192.0.2.12"}]}""");
        await PutAsync("gw.example", "*.mixed", """{"a":[{"ip":"192.0.2.13"}]}""");
        await PutAsync("gw.example", "a.real.mixed", """{"a":[{"ip":"192.0.2.14"}]}""");
        await PutAsync("gw.example", "*.by", """{"cname":[{"host":"www.alice.example."}]}""");
        await PutAsync("gw.example", "alias", """{"cname":[{"host":"www.alice.example."}]}""");
        await PutAsync("gw.example", "gone", """{"cname":[{"host":"absent.alice.example."}]}""");
        await PutAsync("gw.example", "further", """{"ns":[{"host":"ns-beside.example."}]}""");
        await PutAsync("mallory.example", "@", """{"ns":[{"host":"ns1.gw.example."},{"host":"www.bank.example."}],"mx":[{"host":"bank.example.","preference":1}]}""");
        await PutAsync("mallory.example", "www.bank.example.", """{"a":[{"ip":"203.0.113.66"}]}""");
        await PutAsync("mallory.example", "bank.example.", """{"a":[{"ip":"203.0.113.66"}]}""");
        await PutAsync("mallory.example", "pay", """{"cname":[{"host":"bank.example."}]}""");
        foreach (var server in new[] { First, Second })
            await Programs.EventuallyAsync(async () => await AskAsync(server, "pay.mallory.example CNAME") == "NOERROR CNAME bank.example.", "the node has everything");
        foreach (var recursor in new[] { PeerServers.Unbound, PeerServers.Bind })
            await Programs.EventuallyAsync(async () => (await Network.RunAsync("dig", [$"@{recursor}", "+time=2", "+tries=1", "ns.example", "A"])).Output.Contains("NOERROR", StringComparison.Ordinal), "the recursors answer");
    }

    private string Write(string name, string contents)
    {
        File.WriteAllText(_directory.File(name), contents);
        return _directory.File(name);
    }
}
