using System.CommandLine;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gateway.Cli.Operating;

/// <summary>Speaks to a node's admin listener: outcomes as values, one deadline for each question.</summary>
internal sealed class AdminClient : IDisposable
{
    private const string DefaultAddress = "http://127.0.0.1:8091";
    private const string UnixScheme = "unix:";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;
    private readonly Uri _admin;
    private readonly string? _socket;

    private AdminClient(Uri admin, string? socket, string token)
    {
        (_admin, _socket) = (admin, socket);
        var handler = new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(5) };
        if (socket is not null) handler.ConnectCallback = (_, stop) => ConnectAsync(socket, stop);
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        if (token.Length > 0) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>The option that says which node is spoken to.</summary>
    public static Option<string> Address(Terminal terminal) => new("--admin")
    {
        Description = "URL of the node's admin listener, or unix:PATH of its socket [variable GW_ADMIN].",
        DefaultValueFactory = _ => terminal.Variable("GW_ADMIN") ?? DefaultAddress,
    };

    /// <summary>Reads the token where one is needed; the fault says who may read it.</summary>
    public static Step<AdminClient> Open(string admin, string? tokenFile)
    {
        var socket = admin.StartsWith(UnixScheme, StringComparison.Ordinal) ? admin[UnixScheme.Length..] : null;
        if (!Uri.TryCreate(socket is null ? admin : "http://localhost/", UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || socket is "")
            return new Outcome.Fault(ExitCode.Usage, $"--admin: '{admin}' is not a URL like http://127.0.0.1:8091, nor a socket like unix:/run/gateway/admin.sock.");
        if (tokenFile is null) return new AdminClient(address, socket, "");
        try
        {
            return new AdminClient(address, socket, File.ReadAllText(tokenFile).Trim());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Outcome.Fault(ExitCode.Failed, $"The token '{tokenFile}' cannot be read ({e.Message}): run this as root or as the node's user, or name the file with --token-file.");
        }
    }

    /// <summary>The URL of the node's page, with the token behind the #; null: a browser cannot open a Unix socket.</summary>
    public string? DashboardLink => _socket is null ? $"{_admin}#token={_http.DefaultRequestHeaders.Authorization?.Parameter}" : null;

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
            return new Outcome.Fault(ExitCode.Unreachable, $"No node answers at {Place}: {e.Message}. Is --admin right, and gatewayd running?");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new Outcome.Fault(ExitCode.Unreachable, $"The node at {Place} says nothing.");
        }
    }

    private string Place => _socket is null ? _admin.ToString() : UnixScheme + _socket;

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private Outcome.Fault NoNode() => new(ExitCode.Unreachable, $"What answers at {Place} is no gateway node. Is --admin right?");

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
