using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Gateway.Model;

namespace Gateway.Cli.Waiting;

/// <summary>Comes as a visitor by HTTP, and tells an answer of the service from a refusal of the gateway (docs/routes.md).</summary>
internal static class HttpKnock
{
    private const int MostBody = 4096;

    /// <summary>One request to the gateway; redirects are an answer too.</summary>
    public static async Task<Sighting> VisitAsync(IPEndPoint at, DomainName host, TimeSpan patience, CancellationToken stop)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(stop);
        late.CancelAfter(patience);
        using var client = new HttpClient(Handler(at));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{host}/");
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, late.Token);
            return Judge((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType == "application/json" ? await ReadAsync(response, late.Token) : [], host);
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException closed)
        {
            return TlsKnock.Closed(at, closed);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return new Sighting("upstream_timeout", $"{at} took a visitor of {host} by HTTP, and gave him no answer.");
        }
    }

    /// <summary>What an answer says: the gateway's refusals are JSON with a request id and one of its words.</summary>
    public static Sighting Judge(int status, ReadOnlySpan<byte> body, DomainName host) => (status, WordOf(body)) switch
    {
        (404, "unknown_host") => new Sighting("unknown_host", $"The gateway has no route for {host} by HTTP."),
        (451, "frozen") => new Sighting("frozen", "The operator of this gateway has frozen your account: ask him why."),
        (503, "no_tunnel") => new Sighting("no_tunnel", $"The gateway has a route for {host}, but no tunnel client is connected: run 'gateway expose' with the tunnel's secret."),
        (502, "upstream_refused") => new Sighting("upstream_refused", $"The gateway has a route for {host}, but its target refuses or cannot be reached: is the service running?"),
        (504, "upstream_timeout") => new Sighting("upstream_timeout", $"The gateway has a route for {host}, but its target does not answer in time."),
        (508, "loop_detected") => new Sighting("loop_detected", $"The route of {host} leads back to the gateway: reserve another target."),
        _ => Sighting.Up,
    };

    private static SocketsHttpHandler Handler(IPEndPoint at) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectCallback = async (_, stop) =>
        {
            var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(at, stop);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken stop)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(stop);
        var body = new byte[MostBody];
        return body[..await stream.ReadAtLeastAsync(body, MostBody, throwOnEndOfStream: false, stop)];
    }

    private static string WordOf(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty) return "";
        var reader = new Utf8JsonReader(body);
        try
        {
            using var document = JsonDocument.ParseValue(ref reader);
            var root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("request_id", out _) && root.TryGetProperty("error", out var word) && word.ValueKind == JsonValueKind.String ? word.GetString()! : "";
        }
        catch (JsonException)
        {
            // A service's own words.
            return "";
        }
    }
}
