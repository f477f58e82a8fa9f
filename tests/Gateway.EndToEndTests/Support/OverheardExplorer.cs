using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Gateway.EndToEndTests.Support;

/// <summary>Stands before an explorer, hands everything on, and keeps the method and path of each request.</summary>
internal sealed class OverheardExplorer : IAsyncDisposable
{
    private readonly HttpClient _explorer;
    private readonly WebApplication _before;

    private OverheardExplorer(Uri explorer)
    {
        _explorer = new HttpClient { BaseAddress = explorer };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _before = builder.Build();
        _before.Urls.Add("http://127.0.0.1:0");
        ((IApplicationBuilder)_before).Run(HandOnAsync);
    }

    /// <summary>What came, oldest first: <c>GET /api/v1/users</c>.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public string Url => _before.Urls.First();

    public static async Task<OverheardExplorer> StartAsync(Uri explorer)
    {
        var overheard = new OverheardExplorer(explorer);
        await overheard._before.StartAsync();
        return overheard;
    }

    public async ValueTask DisposeAsync()
    {
        await _before.DisposeAsync();
        _explorer.Dispose();
    }

    private async Task HandOnAsync(HttpContext context)
    {
        Requests.Enqueue($"{context.Request.Method} {context.Request.Path}");
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), context.Request.Path + context.Request.QueryString) { Content = new StreamContent(context.Request.Body) };
        foreach (var name in (string[])["Authorization", "Date", "Threebot-Id"])
            if (context.Request.Headers[name] is [{ } value]) request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await _explorer.SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        if (answer.Headers.TryGetValues("Pages", out var pages)) context.Response.Headers["Pages"] = pages.ToArray();
        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
