using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Gateway.Model;
using Gateway.Model.ExplorerApi;

namespace Gateway.ExplorerApi;

/// <summary>One request, one answer: signing, deadline, bounds, and the reading of errors in whatever form they come.</summary>
internal sealed class ExplorerHttp(HttpClient http, Uri root, ExplorerSigner? signer, TimeSpan deadline, TimeProvider time)
{
    // A poll answers with at most 200 workloads, each at most 256 KiB when it was made.
    private const int MaxAnswer = 64 * 1024 * 1024;

    private const int MaxMessage = 300;

    /// <summary>Sends a request and reads its answer whole; <paramref name="read"/> turns a success into the value, or null when it makes no sense.</summary>
    public async Task<ExplorerOutcome<T>> SendAsync<T>(HttpMethod method, string path, byte[]? body, bool isSigned, Func<ExplorerAnswer, T?> read, CancellationToken stop)
        where T : class
    {
        using var request = Request(method, path, body, isSigned);
        using var late = new CancellationTokenSource(deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            using var octets = new AnswerOctets();
            var isWhole = await ReadAsync(response, octets, either.Token);
            return isWhole ? Judge(response, octets.Written, read) : new ExplorerOutcome<T>.Unreachable($"the answer is longer than {MaxAnswer} octets");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new ExplorerOutcome<T>.Unreachable($"no answer from {root.Authority} within {deadline.TotalSeconds} s");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return new ExplorerOutcome<T>.Unreachable($"{root.Authority}: {(exception.InnerException ?? exception).Message.TrimEnd('.')}");
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, byte[]? body, bool isSigned)
    {
        var request = new HttpRequestMessage(method, new Uri(root.AbsoluteUri.TrimEnd('/') + path));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        if (!isSigned || signer is null) return request;
        var signed = SignedHeaders.Sign(signer.KeyId, signer.Identity, time.GetUtcNow());
        request.Headers.TryAddWithoutValidation("Date", signed.Date);
        request.Headers.TryAddWithoutValidation(HttpSignature.KeyHeader, signed.KeyId);
        request.Headers.TryAddWithoutValidation("Authorization", signed.Authorization);
        return request;
    }

    private static async Task<bool> ReadAsync(HttpResponseMessage response, AnswerOctets octets, CancellationToken stop)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(stop);
        while (true)
        {
            var count = await stream.ReadAsync(octets.Room(), stop);
            if (count == 0) return true;
            octets.Advance(count);
            if (octets.Length > MaxAnswer) return false;
        }
    }

    private static ExplorerOutcome<T> Judge<T>(HttpResponseMessage response, ReadOnlyMemory<byte> octets, Func<ExplorerAnswer, T?> read) where T : class
    {
        var status = (int)response.StatusCode;
        if (status is >= 300 and < 400) return new ExplorerOutcome<T>.Refused(status, $"it redirects to {response.Headers.Location}, which is not followed; use that address if it is right");
        if (!response.IsSuccessStatusCode) return new ExplorerOutcome<T>.Refused(status, MessageOf(response.StatusCode, octets.Span));
        var value = read(new ExplorerAnswer(octets, Header(response, "X-Last-Id"), Header(response, "Pages")));
        return value is null ? new ExplorerOutcome<T>.Unreachable($"it answered {status} with something else than the expected JSON") : new ExplorerOutcome<T>.Ok(value);
    }

    private static long Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) && long.TryParse(values.First(), out var number) ? number : 0;

    // Proxies and routers answer with plain text or HTML, and some errors have no body at all.
    private static string MessageOf(HttpStatusCode status, ReadOnlySpan<byte> octets)
    {
        var message = ExplorerJson.TryRead<ErrorBody>(octets, out var body, out _) && body.Error.Length > 0 ? body.Error : Encoding.UTF8.GetString(octets[..Math.Min(octets.Length, MaxMessage)]);
        message = PeerText.OneLine(message.Trim(), MaxMessage).Trim();
        return message.Length == 0 ? status.ToString() : message;
    }
}

/// <summary>A successful answer; its octets are to be read at once.</summary>
internal readonly record struct ExplorerAnswer(ReadOnlyMemory<byte> Octets, long LastId, long Pages)
{
    /// <summary>The body as one object; null when it is none.</summary>
    public T? One<T>() where T : class, new() => ExplorerJson.TryRead<T>(Octets.Span, out var value, out _) ? value : null;

    /// <summary>The body as a list, `null` being an empty one; null when it is neither. Elements that cannot be read are told apart.</summary>
    public Listing<T>? Many<T>() where T : class, new()
    {
        var (items, faults) = (new List<T>(), new List<ElementFault>());
        var pages = (int)Math.Clamp(Pages, 1, int.MaxValue);
        try
        {
            var reader = new Utf8JsonReader(Octets.Span, new JsonReaderOptions { MaxDepth = ExplorerJson.MaxDepth + 1 });
            reader.Read();
            if (reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.Null)) return null;
            if (reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    if (!TryAddUsual(ref reader, items)) Add(Element(ref reader), items, faults);
                }
            }

            // A second value behind the first is a failure of the reader.
            reader.Read();
            return new Listing<T>(items, faults, pages);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Adds a workload that is spelt as usual. False for everything else: then the reader stays where it is.</summary>
    private static bool TryAddUsual<T>(ref Utf8JsonReader reader, List<T> items)
    {
        if (items is not List<Workload> workloads) return false;
        var ahead = reader;
        if (!WorkloadReader.TryRead(ref ahead, out var workload)) return false;
        workloads.Add(workload);
        reader = ahead;
        return true;
    }

    private ReadOnlySpan<byte> Element(ref Utf8JsonReader reader)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return Octets.Span[start..(int)reader.BytesConsumed];
    }

    private static void Add<T>(ReadOnlySpan<byte> element, List<T> items, List<ElementFault> faults) where T : class, new()
    {
        if (ExplorerJson.TryRead<T>(element, out var item, out var fault)) items.Add(item);
        else faults.Add(new ElementFault(Number(element, "id"), Number(element, "workload_id"), fault));
    }

    private static long Number(ReadOnlySpan<byte> element, string name)
    {
        var reader = new Utf8JsonReader(element, new JsonReaderOptions { MaxDepth = ExplorerJson.MaxDepth + 1 });
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        return root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.Number && member.TryGetInt64(out var number) ? number : 0;
    }
}
