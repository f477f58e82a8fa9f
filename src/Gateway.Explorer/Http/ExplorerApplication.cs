using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Gateway.Explorer.Storage;
using Gateway.Store;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Explorer.Http;

/// <summary>
/// One request from its head to its last octet: rate, route, body, handler, answer. The one place where a handler's failures end, and where
/// every request gets its deadline, its counters and its log line.
/// </summary>
internal sealed class ExplorerApplication(RouteTable routes, ExplorerOptions options, ExplorerEvents events, TimeProvider time) : IHttpApplication<HttpContext>
{
    private static readonly ActivitySource Spans = new("Gateway.Explorer");

    // What a metric calls requests that match no route.
    private const string NoRoute = "none";

    private static readonly (string, string) RetrySoon = ("Retry-After", "1");

    private readonly ClientAddresses _clients = new(options.TrustedProxies);

    private readonly AddressRates _rates = new(options.RatePerAddress, options.RateExempt);

    /// <inheritdoc/>
    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    /// <inheritdoc/>
    public void DisposeContext(HttpContext context, Exception? exception)
    {
        // The context owns nothing beyond its features, which are the server's.
    }

    /// <inheritdoc/>
    public async Task ProcessRequestAsync(HttpContext context)
    {
        var begun = time.GetTimestamp();
        using var span = Spans.StartActivity("reservation api", ActivityKind.Server, default(ActivityContext));
        using var deadline = new CancellationTokenSource(options.RequestDeadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, deadline.Token);
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        var (route, isKnownPath) = routes.Find(context.Request.Method, context.Request.Path.Value ?? "", parameters);
        var name = route?.Template ?? NoRoute;
        var client = _clients.Of(context.Connection.RemoteIpAddress, context.Request.Headers["X-Forwarded-For"]);
        var answer = EarlyAnswer(context, client, route, isKnownPath) ?? await AnswerAsync(context, route!, parameters, either.Token);
        span?.SetTag("http.request.method", KnownMethod(context)).SetTag("http.route", name).SetTag("http.response.status_code", answer?.Status);
        if (answer is null) return;
        if (ProblemDetails.IsWanted(answer, context.Request.Headers.Accept)) answer = ProblemDetails.Of(answer);
        await SendAsync(context, answer);
        var seconds = time.GetElapsedTime(begun).TotalSeconds;
        ExplorerMetrics.Answered(KnownMethod(context), name, answer.Status, seconds);
        events.Answered(KnownMethod(context), name, client, answer.Status, seconds * 1000);
    }

    private ApiAnswer? EarlyAnswer(HttpContext context, IPAddress? client, RouteTable.Route? route, bool isKnownPath)
    {
        if (!_rates.Admit(client, (long)time.GetElapsedTime(0).TotalMilliseconds))
        {
            ExplorerMetrics.RefusedEarly("rate");
            return ApiAnswer.SlowDown($"more than {options.RatePerAddress} requests per second from your address", seconds: 1);
        }

        if (CrossOrigin.IsPreflight(context.Request)) return CrossOrigin.Preflight;
        if (route is not null) return null;
        return isKnownPath ? ApiAnswer.MethodNotAllowed : ApiAnswer.NoSuchPath;
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The boundary of a request: a bug in one handler is told and must not end the connection of others.")]
    private async Task<ApiAnswer?> AnswerAsync(HttpContext context, RouteTable.Route route, Dictionary<string, string> parameters, CancellationToken stop)
    {
        try
        {
            var body = await ReadBodyAsync(context, stop);
            return await route.Handler(new ApiCall(context, parameters, body), stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Whoever hung up wants no answer.
            if (context.RequestAborted.IsCancellationRequested) return null;
            events.Late(route.Method, route.Template);
            return ApiAnswer.Error(503, $"not done within {options.RequestDeadline.TotalSeconds} s: try again") with { Headers = [RetrySoon] };
        }
        catch (BadHttpRequestException exception)
        {
            ExplorerMetrics.RefusedEarly("body");
            return ApiAnswer.Error(exception.StatusCode, exception.StatusCode == 413 ? $"the body is longer than {options.BodyLimit} octets" : exception.Message);
        }
        catch (Exception exception) when (RedisFaults.IsRedis(exception))
        {
            ExplorerMetrics.RedisAway();
            events.RedisAway(route.Method, route.Template, RedisFaults.Describe(exception));
            return ApiAnswer.Error(503, "the explorer's store cannot be reached at the moment: try again soon") with { Headers = [RetrySoon] };
        }
        catch (StoreLostException exception)
        {
            // Logged where it was found.
            return ApiAnswer.Error(503, exception.Message);
        }
        catch (StoredValueDamagedException exception)
        {
            // Logged where it was found.
            return ApiAnswer.Error(500, exception.Message);
        }
        catch (IOException)
        {
            // The sender broke off in the middle of its body.
            return null;
        }
        catch (Exception exception)
        {
            events.Failed(exception, route.Method, route.Template);
            return ApiAnswer.Error(500, "the explorer made a mistake; the operator has been told");
        }
    }

    // Kestrel enforces the limit while we read.
    private static async Task<ReadOnlyMemory<byte>> ReadBodyAsync(HttpContext context, CancellationToken stop)
    {
        if (context.Request.Method is not ("POST" or "PUT")) return default;
        var octets = new ArrayBufferWriter<byte>();
        while (true)
        {
            var count = await context.Request.Body.ReadAsync(octets.GetMemory(4096), stop);
            if (count == 0) return octets.WrittenMemory;
            octets.Advance(count);
        }
    }

    private static async Task SendAsync(HttpContext context, ApiAnswer answer)
    {
        var response = context.Response;
        response.StatusCode = answer.Status;
        if (answer.ContentType.Length > 0) response.ContentType = answer.ContentType;
        foreach (var (name, value) in answer.Headers) response.Headers[name] = value;
        CrossOrigin.Mark(context);
        response.ContentLength = answer.Body.Length;
        // A peer that stops reading is ended by the server's minimum rate.
        await response.Body.WriteAsync(answer.Body, context.RequestAborted);
    }

    // A peer may invent methods, and each would become a series of its own.
    private static string KnownMethod(HttpContext context) =>
        context.Request.Method is "GET" or "POST" or "PUT" or "DELETE" or "HEAD" or "OPTIONS" ? context.Request.Method : "other";
}
