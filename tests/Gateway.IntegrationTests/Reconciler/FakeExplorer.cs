using System.Collections.Concurrent;
using System.Text;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>
/// A reservation API that does what the contract says of polls, queue, results and deletions, and, when told to, everything that
/// servers do on bad days.
/// </summary>
internal sealed class FakeExplorer : IAsyncDisposable
{
    private const int PageSize = 200;

    private readonly WebApplication _app;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<long, Workload> _workloads = [];
    private readonly List<Workload> _queue = [];
    private readonly Dictionary<long, string> _raw = [];
    private readonly Dictionary<long, User> _users = [];
    private long _last;

    private FakeExplorer(WebApplication app) => _app = app;

    /// <summary>Answers instead of us when it gives true.</summary>
    public Func<HttpContext, Task<bool>>? Misbehave { get; set; }

    /// <summary>"METHOD path" of every request.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>Results that were accepted, in their order.</summary>
    public ConcurrentQueue<(string Id, WorkloadResult Result)> Results { get; } = [];

    /// <summary>Ids that were reported as deleted.</summary>
    public ConcurrentQueue<string> Deleted { get; } = [];

    public GatewayNode? Registered { get; private set; }

    public ReservedResources? Reserved { get; private set; }

    public int Uptimes { get; private set; }

    /// <summary>Polls show nothing of the collection and of the queue, whatever there is.</summary>
    public bool LosesEverything { get; set; }

    /// <summary>X-Last-Id is left out.</summary>
    public bool HidesLastId { get; set; }

    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static async Task<FakeExplorer> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var app = builder.Build();
        var explorer = new FakeExplorer(app);
        app.Run(explorer.AnswerAsync);
        await app.StartAsync();
        return explorer;
    }

    /// <summary>Stores a workload of a user, as the API does after its checks.</summary>
    public long Add(Workload workload)
    {
        lock (_lock)
        {
            var stored = (workload with { Id = ++_last, WorkloadId = 1, NextAction = NextAction.Deploy, Version = workload.Version == 0 && workload.Metadata != "v0" ? 2 : workload.Version }).OfItsKind();
            _workloads[stored.Id] = stored;
            _queue.Add(stored with { NextAction = NextAction.Create });
            return stored.Id;
        }
    }

    /// <summary>Puts an element of any form into the page.</summary>
    public long AddRaw(Func<long, string> json)
    {
        lock (_lock)
        {
            var id = ++_last;
            _raw[id] = json(id);
            return id;
        }
    }

    /// <summary>The user's deletion: it reaches the gateway through the queue alone.</summary>
    public void Delete(long id, bool isQueued = true)
    {
        lock (_lock)
        {
            _workloads[id] = _workloads[id] with { NextAction = NextAction.Delete };
            _queue.RemoveAll(it => it.Id == id);
            if (isQueued) _queue.Add(_workloads[id]);
        }
    }

    /// <summary>The explorer was set up anew: it knows no workload, and its ids begin at 2 again.</summary>
    public void ForgetAll()
    {
        lock (_lock)
        {
            _workloads.Clear();
            _queue.Clear();
            _last = 1;
        }
    }

    public void AddUser(long id, Identity identity)
    {
        lock (_lock) _users[id] = new User { Id = id, Name = $"user{id}.3bot", Pubkey = identity.PublicKey.Hex };
    }

    public Workload? Find(long id)
    {
        lock (_lock) return _workloads.GetValueOrDefault(id);
    }

    public WorkloadResult? ResultOf(long id) => Results.LastOrDefault(it => it.Id == $"{id}-1").Result;

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        Requests.Enqueue($"{context.Request.Method} {path}{context.Request.QueryString}");
        if (Misbehave is { } bad && await bad(context)) return;
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var (status, body) = (context.Request.Method, parts) switch
        {
            ("GET", ["api", "v1", "reservations", "nodes", "workloads", var gwid]) => One(gwid),
            ("GET", ["api", "v1", "reservations", "nodes", _, "workloads"]) => Poll(context),
            ("PUT", ["api", "v1", "reservations", "nodes", _, "workloads", var gwid]) => Put(gwid, await ReadAsync<WorkloadResult>(context)),
            ("DELETE", ["api", "v1", "reservations", "nodes", _, "workloads", var gwid]) => Remove(gwid),
            ("GET", ["api", "v1", "users", var id]) => UserOf(long.Parse(id)),
            ("POST", ["api", "v1", "gateways"]) => Register(await ReadAsync<GatewayNode>(context)),
            ("POST", ["api", "v1", "gateways", _, "uptime"]) => Uptime(),
            ("POST", ["api", "v1", "gateways", _, "reserved_resources"]) => Reserve(await ReadAsync<ReservedResources>(context)),
            _ => (404, "404 page not found"),
        };
        context.Response.StatusCode = status;
        await context.Response.WriteAsync(body + "\n");
    }

    private static async Task<T> ReadAsync<T>(HttpContext context) where T : new()
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        return ExplorerJson.TryRead<T>(body.ToArray(), out var value, out var fault) ? value : throw new InvalidDataException(fault);
    }

    private (int, string) Poll(HttpContext context)
    {
        lock (_lock)
        {
            var from = long.Parse(context.Request.Query["from"]!);
            var page = new List<string>();
            var last = _last;
            foreach (var id in _workloads.Keys.Concat(_raw.Keys).Order().Where(id => id >= from && !LosesEverything))
            {
                if (_raw.TryGetValue(id, out var raw)) page.Add(raw);
                else if (_workloads[id].NextAction is NextAction.Deploy or NextAction.Delete) page.Add(Text(_workloads[id]));
                else continue;
                last = id;
                if (page.Count >= PageSize) break;
            }

            if (page.Count == 0 && !LosesEverything)
            {
                page.AddRange(_queue.Take(PageSize).Select(Text));
                if (page.Count > 0) last = Math.Max(from, _queue.Take(PageSize).Max(it => it.Id));
            }

            if (!HidesLastId) context.Response.Headers["X-Last-Id"] = last.ToString();
            return (200, page.Count == 0 ? "null" : $"[{string.Join(',', page)}]");
        }
    }

    private (int, string) One(string gwid)
    {
        lock (_lock)
            return _workloads.TryGetValue(Number(gwid), out var it) ? (200, Text(it)) : (404, """{"error":"mongo: no documents in result"}""");
    }

    private (int, string) Put(string gwid, WorkloadResult result)
    {
        lock (_lock)
        {
            _queue.RemoveAll(it => it.GlobalId == gwid);
            if (!_workloads.TryGetValue(Number(gwid), out var it))
            {
                if (!_raw.ContainsKey(Number(gwid))) return (404, """{"error":"not found"}""");
                Results.Enqueue((gwid, result));
                return (201, "null");
            }

            _workloads[it.Id] = it with { Result = result, NextAction = result.State == ResultState.Error ? NextAction.Delete : it.NextAction };
            Results.Enqueue((gwid, result));
            return (201, "null");
        }
    }

    private (int, string) Remove(string gwid)
    {
        lock (_lock)
        {
            _queue.RemoveAll(it => it.GlobalId == gwid);
            Deleted.Enqueue(gwid);
            if (_raw.Remove(Number(gwid))) return (200, "null");
            if (!_workloads.TryGetValue(Number(gwid), out var it)) return (404, """{"error":"not found"}""");
            _workloads[it.Id] = it with { NextAction = NextAction.Deleted, Result = it.Result with { State = ResultState.Deleted } };
            return (200, "null");
        }
    }

    private (int, string) UserOf(long id)
    {
        lock (_lock) return _users.TryGetValue(id, out var user) ? (200, Text(user)) : (404, """{"error":"user not found"}""");
    }

    private (int, string) Register(GatewayNode gateway)
    {
        Registered = gateway;
        return (201, "null");
    }

    private (int, string) Uptime()
    {
        if (Registered is null) return (404, """{"error":"gateway not found"}""");
        Uptimes++;
        return (200, "null");
    }

    private (int, string) Reserve(ReservedResources resources)
    {
        Reserved = resources;
        return (200, "null");
    }

    private static long Number(string gwid) => long.Parse(gwid[..gwid.IndexOf('-')]);

    private static string Text<T>(T value) => Encoding.UTF8.GetString(ExplorerJson.Write(value));
}
