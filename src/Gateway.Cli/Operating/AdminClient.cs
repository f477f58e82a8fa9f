using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gateway.Cli.Operating;

/// <summary>Speaks to a node's admin listener: outcomes as values, one deadline for each question.</summary>
internal sealed class AdminClient : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;
    private readonly Uri _admin;

    private AdminClient(Uri admin, string token)
    {
        _admin = admin;
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(5) }) { Timeout = Timeout.InfiniteTimeSpan };
        if (token.Length > 0) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Reads the token where one is needed; the fault says who may read it.</summary>
    public static Step<AdminClient> Open(string admin, string? tokenFile)
    {
        if (!Uri.TryCreate(admin, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            return new Outcome.Fault(ExitCode.Usage, $"--admin: '{admin}' is not a URL like http://127.0.0.1:8091.");
        if (tokenFile is null) return new AdminClient(address, "");
        try
        {
            return new AdminClient(address, File.ReadAllText(tokenFile).Trim());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Outcome.Fault(ExitCode.Failed, $"The token '{tokenFile}' cannot be read ({e.Message}): run this as root or as the node's user, or name the file with --token-file.");
        }
    }

    /// <summary>The URL of the node's page, with the token behind the #.</summary>
    public string DashboardLink => $"{_admin}#token={_http.DefaultRequestHeaders.Authorization?.Parameter}";

    /// <summary>Asks, and gives the answer's JSON; <paramref name="alsoGood"/> is a status that carries an answer too.</summary>
    public async Task<Step<JsonNode>> AskAsync(HttpMethod method, string path, CancellationToken stop, HttpStatusCode? alsoGood = null)
    {
        if ((await SendAsync(method, path, null, stop, alsoGood)).Failed(out var fault, out var answer)) return fault;
        using var owned = answer;
        return Parse(await answer.Content.ReadAsStringAsync(stop)) is { } json ? json : NoNode();
    }

    /// <summary>Streams an answer to <paramref name="output"/>.</summary>
    public async Task<Outcome.Fault?> DownloadAsync(string path, Stream output, CancellationToken stop)
    {
        if ((await SendAsync(HttpMethod.Get, path, null, stop)).Failed(out var fault, out var answer)) return fault;
        using var owned = answer;
        try
        {
            await answer.Content.CopyToAsync(output, stop);
            return null;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new Outcome.Fault(ExitCode.Unreachable, $"The node broke off: {e.Message}");
        }
    }

    /// <summary>Sends <paramref name="input"/> and gives the answer's JSON.</summary>
    public async Task<Step<JsonNode>> UploadAsync(string path, Stream input, CancellationToken stop)
    {
        using var content = new StreamContent(input);
        if ((await SendAsync(HttpMethod.Post, path, content, stop)).Failed(out var fault, out var answer)) return fault;
        using var owned = answer;
        return Parse(await answer.Content.ReadAsStringAsync(stop)) is { } json ? json : NoNode();
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<Step<HttpResponseMessage>> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken stop, HttpStatusCode? alsoGood = null)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        if (content is null) deadline.CancelAfter(Deadline);
        using var request = new HttpRequestMessage(method, new Uri(_admin, path)) { Content = content };
        try
        {
            var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            if (answer.IsSuccessStatusCode || answer.StatusCode == alsoGood) return answer;
            using var refused = answer;
            var message = (string?)Parse(await answer.Content.ReadAsStringAsync(deadline.Token))?["error"] ?? $"the node answers {(int)answer.StatusCode}";
            return new Outcome.Fault(ExitCode.Refused, message);
        }
        catch (HttpRequestException e)
        {
            return new Outcome.Fault(ExitCode.Unreachable, $"No node answers at {_admin}: {e.Message}. Is --admin right, and gatewayd running?");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new Outcome.Fault(ExitCode.Unreachable, $"The node at {_admin} says nothing.");
        }
    }

    private Outcome.Fault NoNode() => new(ExitCode.Unreachable, $"What answers at {_admin} is no gateway node. Is --admin right?");

    private static JsonNode? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
