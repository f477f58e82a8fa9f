using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;

namespace Gateway.UnitTests.Reconciler.Machine;

/// <summary>
/// The public explorer on paper: pages, queue, results and deletions as the contract says (sections 1.7 and 1.8), lost deletions
/// included. <see cref="Step"/> is called before and after each request is dealt with, and may throw.
/// </summary>
internal sealed partial class PaperExplorer : HttpMessageHandler
{
    private const int PageSize = 5;

    private readonly SortedDictionary<long, Workload> _workloads = [];
    private readonly List<Workload> _queue = [];
    private readonly Dictionary<long, Identity> _users = [];
    private long _last;

    public bool IsDown { get; set; }

    public Action Step { get; set; } = () => { };

    public IReadOnlyDictionary<long, Workload> Workloads => _workloads;

    /// <summary>Those that their users want served and the gateway said are.</summary>
    public IEnumerable<Workload> Standing => _workloads.Values.Where(it => it.NextAction == NextAction.Deploy && it.Result.State == ResultState.Ok);

    /// <summary>True when the gateway owes nothing.</summary>
    public bool IsSettled => _workloads.Values.All(it => it.NextAction == NextAction.Deleted || (it.NextAction == NextAction.Deploy && it.Result.State == ResultState.Ok));

    public void AddUser(long id, Identity identity) => _users[id] = identity;

    public long Reserve(Workload workload)
    {
        var stored = (workload with { Id = ++_last, WorkloadId = 1, NextAction = NextAction.Deploy, Version = 2 }).OfItsKind();
        _workloads[stored.Id] = stored;
        _queue.Add(stored with { NextAction = NextAction.Create });
        return stored.Id;
    }

    public void Delete(long id)
    {
        if (_workloads[id].NextAction != NextAction.Deploy) return;
        _workloads[id] = _workloads[id] with { NextAction = NextAction.Delete };
        _queue.RemoveAll(it => it.Id == id);
        _queue.Add(_workloads[id]);
    }

    /// <summary>A deletion that nobody is told of: it stands in the collection alone.</summary>
    public void LoseQueue() => _queue.Clear();

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (IsDown) throw new HttpRequestException("the paper explorer is away");
        Step();
        var response = Answer(request);
        Step();
        return Task.FromResult(response);
    }

    private HttpResponseMessage Answer(HttpRequestMessage request)
    {
        var path = request.RequestUri!.AbsolutePath["/api/v1".Length..];
        if (path.StartsWith("/users/", StringComparison.Ordinal)) return User(long.Parse(path["/users/".Length..], CultureInfo.InvariantCulture));
        if (request.Method == HttpMethod.Get && path.EndsWith("/workloads", StringComparison.Ordinal)) return Poll(long.Parse(request.RequestUri.Query["?from=".Length..], CultureInfo.InvariantCulture));
        if (Gwid().Match(path) is not { Success: true } match || !_workloads.TryGetValue(long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), out var workload)) return Text(HttpStatusCode.NotFound, """{"error":"not found"}""");
        if (request.Method == HttpMethod.Get) return Text(HttpStatusCode.OK, Json(workload));
        _queue.RemoveAll(it => it.Id == workload.Id);
        return request.Method == HttpMethod.Put ? Put(workload, request.Content!) : Remove(workload);
    }

    private HttpResponseMessage Poll(long from)
    {
        var page = _workloads.Values.Where(it => it.Id >= from && it.NextAction is NextAction.Deploy or NextAction.Delete).Where(it => it.Id >= from).Take(PageSize).ToList();
        var last = page.Count > 0 ? page[^1].Id : _last;
        if (page.Count == 0 && _queue.Count > 0)
        {
            page = [.. _queue.Take(200)];
            last = Math.Max(from, page.Max(it => it.Id));
        }

        var response = Text(HttpStatusCode.OK, page.Count == 0 ? "null" : $"[{string.Join(',', page.Select(Json))}]");
        response.Headers.Add("X-Last-Id", last.ToString(CultureInfo.InvariantCulture));
        return response;
    }

    private HttpResponseMessage Put(Workload workload, HttpContent content)
    {
        using var body = new MemoryStream();
        content.CopyTo(body, null, CancellationToken.None);
        if (!ExplorerJson.TryRead<WorkloadResult>(body.ToArray(), out var result, out var fault)) throw new InvalidDataException(fault);
        _workloads[workload.Id] = workload with { Result = result, NextAction = result.State == ResultState.Ok || workload.NextAction != NextAction.Deploy ? workload.NextAction : NextAction.Delete };
        return Text(HttpStatusCode.Created, "null");
    }

    private HttpResponseMessage Remove(Workload workload)
    {
        _workloads[workload.Id] = workload with { NextAction = NextAction.Deleted, Result = workload.Result with { State = ResultState.Deleted } };
        return Text(HttpStatusCode.OK, "null");
    }

    private HttpResponseMessage User(long id) =>
        _users.TryGetValue(id, out var user) ? Text(HttpStatusCode.OK, Json(new User { Id = id, Name = $"user{id}", Pubkey = user.PublicKey.Hex })) : Text(HttpStatusCode.NotFound, "{}");

    private static HttpResponseMessage Text(HttpStatusCode status, string text) => new(status) { Content = new StringContent(text) };

    private static string Json<T>(T value) => Encoding.UTF8.GetString(ExplorerJson.Write(value));

    [GeneratedRegex("/workloads/([0-9]+)-1$")]
    private static partial Regex Gwid();
}
