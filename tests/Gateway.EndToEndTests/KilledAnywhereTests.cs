using System.Diagnostics;
using System.Globalization;
using Gateway.EndToEndTests.Support;
using Gateway.ExplorerApi;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>
/// SIGKILL for the real program, explorer and reconciler in one, at each request with which it writes: to Redis and to the explorer,
/// before it gets there and after it was served. The program that starts again ends where the first one would have.
/// </summary>
[Trait("adv", "R7")]
public sealed class KilledAnywhereTests : IAsyncLifetime
{
    /// <summary>A story with more requests than these never ends.</summary>
    private const int Most = 200;

    /// <summary>A name and its proxy reserved and those before them deleted, each of it applied and reported: fewer requests do not make a story.</summary>
    private const int Least = 12;

    private readonly TemporaryDirectory _work = new();
    private readonly HttpClient _http = ExplorerClient.CreateHttpClient();
    private readonly Identity _identity = Identity.Create();
    private RedisServer _redis = null!;
    private CuttingWire _toRedis = null!;
    private CuttingWire _toExplorer = null!;
    private RunningNode _node = null!;
    private long _user;
    private long _pool;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private ExplorerClient Client => new(_http, _node.Explorer, ExplorerSigner.User(_user, _identity));

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync(_work.File("redis"));
        _toRedis = new CuttingWire(() => new Uri(_redis.Url).Port);
        _toExplorer = new CuttingWire(ExplorerPort);
        _node = await StartAsync();
        _user = Must(await Client.CreateUserAsync(new User { Name = "alice.3bot", Email = "alice@example.com", Pubkey = _identity.PublicKey.Hex }, Stop)).Id;
        await Programs.EventuallyAsync(async () => Must(await Client.ListGatewaysAsync(null, null, null, 1, Stop)).Items.Count == 1, "the gateway is registered");
        var gateway = Must(await Client.ListGatewaysAsync(null, null, null, 1, Stop)).Items[0].NodeId;
        var json = ExplorerJson.Write(new PoolData { NodeIds = [gateway], Currencies = ["TFT"] });
        var pool = new PoolReservation { Json = System.Text.Encoding.UTF8.GetString(json), Reservation = new PoolData { NodeIds = [gateway], Currencies = ["TFT"] }, CustomerTid = _user, CustomerSignature = _identity.SignHex(json) };
        _pool = Must(await Client.CreatePoolAsync(pool, Stop)).ReservationId;
        await SettleAsync("first.gw.test", gateway);
    }

    public async ValueTask DisposeAsync()
    {
        if (_node is not null) await _node.DisposeAsync();
        await _toExplorer.DisposeAsync();
        await _toRedis.DisposeAsync();
        await _redis.DisposeAsync();
        _http.Dispose();
        _work.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Wherever_it_is_killed_it_goes_on_and_leaves_nothing_behind(bool isAfter)
    {
        var gateway = Must(await Client.ListGatewaysAsync(null, null, null, 1, Stop)).Items[0].NodeId;
        var kills = 0;
        for (var isCut = true; isCut && kills < Most;)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"n{kills}.gw.test");
            isCut = await CutAsync(kills, isAfter, name, gateway);
            await SettleAsync(name, gateway);
            if (isCut) kills++;
        }

        Assert.InRange(kills, Least, Most - 1);
        TestContext.Current.SendDiagnosticMessage($"{kills} kills");
    }

    /// <summary>Tells the story until the cut; false when it ended before.</summary>
    private async Task<bool> CutAsync(int at, bool isAfter, string name, string gateway)
    {
        using var process = Process.GetProcessById(_node.ProcessId);
        var cut = new Cut(at, isAfter, process.Kill);
        _toRedis.Arm(cut);
        _toExplorer.Arm(cut);
        try
        {
            await AskAsync(name, gateway);
            for (var i = 0; i < 400 && !cut.IsMade && !await IsSettledAsync(name); i++) await Task.Delay(50, Stop);
        }
        catch (Exception e) when (e is InvalidOperationException && cut.IsMade)
        {
            // The explorer died under its user's hands.
        }

        _toRedis.Arm(null);
        _toExplorer.Arm(null);
        if (!cut.IsMade) return false;
        await Programs.EventuallyAsync(() => Task.FromResult(_node.HasExited), "it is dead");
        await _node.DisposeAsync();
        _node = await StartAsync();
        return true;
    }

    /// <summary>The user wants a name and its visitors, and nothing else any more.</summary>
    private async Task AskAsync(string name, string gateway)
    {
        var standing = await StandingAsync();
        if (!standing.Any(it => it.WorkloadType == WorkloadType.Subdomain && it.Domain == name)) await ReserveAsync(gateway, new Workload { WorkloadType = WorkloadType.Subdomain, Domain = name, Ips = ["203.0.113.10"] });
        if (!standing.Any(it => it.WorkloadType == WorkloadType.Proxy && it.Domain == name)) await ReserveAsync(gateway, new Workload { WorkloadType = WorkloadType.Proxy, Domain = name, Address = "198.51.100.7", Port = 80, PortTls = 443 });
        foreach (var it in standing.Where(it => it.Domain != name))
        {
            var signature = new WorkloadSignature { Tid = _user, Signature = WorkloadChallenge.SignDelete(it, _user, _identity) };
            Must(await Client.SignDeleteAsync(it.Id, signature, Stop));
        }
    }

    private async Task SettleAsync(string name, string gateway)
    {
        await AskAsync(name, gateway);
        await Programs.EventuallyAsync(() => IsSettledAsync(name), $"{name} alone stands");
        Assert.Equal((0, 1), await Resolver.AskAsync(_node.Dns, name));
    }

    // What the explorer says and what is in Redis are the same, and nothing is on its way.
    private async Task<bool> IsSettledAsync(string name)
    {
        var all = await ListAsync(null);
        if (!all.All(it => it.NextAction == NextAction.Deleted || (it.NextAction == NextAction.Deploy && it.Result.State == ResultState.Ok && it.Domain == name))) return false;
        var standing = all.Where(it => it.NextAction == NextAction.Deploy).Select(it => it.GlobalId).Order(StringComparer.Ordinal);
        return await LinesAsync("HKEYS", RedisSchema.NameOwnersKey) == name
            && await LinesAsync("KEYS", RedisSchema.ServicePrefix + "*") == RedisSchema.ServiceKey(DomainName.Parse(name))
            && await LinesAsync("HKEYS", RedisSchema.ReservationsKey) == string.Join('\n', standing)
            && await LinesAsync("HKEYS", RedisSchema.OutboxKey) == ""
            && await Resolver.AskAsync(_node.Dns, name) == (0, 1);
    }

    private async Task<string> LinesAsync(params string[] command) =>
        string.Join('\n', (await _redis.TryCommandAsync(command)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));

    private async Task<List<Workload>> StandingAsync() => await ListAsync(NextAction.Deploy);

    private async Task<List<Workload>> ListAsync(NextAction? action)
    {
        var all = new List<Workload>();
        for (var page = 1; ; page++)
        {
            var listed = Must(await Client.ListWorkloadsAsync(_user, action, null, page, Stop));
            all.AddRange(listed.Items);
            if (listed.Items.Count == 0 || all.Select(it => it.Id).Distinct().Count() < all.Count) return [.. all.DistinctBy(it => it.Id)];
        }
    }

    private async Task ReserveAsync(string gateway, Workload draft)
    {
        var whole = draft with
        {
            WorkloadId = 1,
            NodeId = gateway,
            PoolId = _pool,
            CustomerTid = _user,
            NextAction = NextAction.Deploy,
            Epoch = ExplorerDate.From(TimeProvider.System.GetUtcNow()),
            SigningRequestDelete = new SigningRequest { Signers = [_user], QuorumMin = 1 },
        };
        Must(await Client.CreateWorkloadAsync(whole with { CustomerSignature = WorkloadChallenge.SignCustomer(whole, _identity) }, Stop));
    }

    private Task<RunningNode> StartAsync() => RunningNode.StartAsync(
        _work.File("state"), "--redis", $"redis://127.0.0.1:{_toRedis.Port}", "--reconciler-explorer", $"http://127.0.0.1:{_toExplorer.Port}", "--reconciler-poll-interval", "200ms");

    private int ExplorerPort()
    {
        var file = Path.Combine(_work.File("state"), "listening");
        var line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(it => it.StartsWith("explorer ", StringComparison.Ordinal)) : null;
        return line is null ? 0 : new Uri($"http://{line["explorer ".Length..]}").Port;
    }

    private static T Must<T>(ExplorerOutcome<T> outcome) =>
        outcome.Match(value => value, refused => throw new InvalidOperationException(refused.ToString()), away => throw new InvalidOperationException(away.ToString()));
}
