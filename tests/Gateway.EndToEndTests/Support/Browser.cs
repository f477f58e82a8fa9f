using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Gateway.EndToEndTests.Support;

/// <summary>Debian's Chromium without a window, with one page, steered by the DevTools protocol. It ends with the test.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private readonly TemporaryDirectory _profile = new();
    private readonly BackgroundProgram _program;
    private readonly ClientWebSocket _page = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _asked = new();
    private readonly CancellationTokenSource _end = new();
    private Task _reading = Task.CompletedTask;
    private int _lastId;

    private Browser() => _program = new BackgroundProgram("chromium",
    [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-default-browser-check", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--disable-extensions", "--no-proxy-server", "--hide-scrollbars", "--remote-debugging-port=0", $"--user-data-dir={_profile.Path}", "about:blank",
    ]);

    /// <summary>Every address that the page asked for.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>What stands in the console as a warning or an error, and every exception.</summary>
    public ConcurrentQueue<string> Complaints { get; } = new();

    /// <summary>Starts it and waits for its empty page.</summary>
    public static async Task<Browser> StartAsync()
    {
        var browser = new Browser();
        try
        {
            await browser.ConnectAsync();
            return browser;
        }
        catch (Exception e)
        {
            await browser.DisposeAsync();
            throw new InvalidOperationException($"Chromium did not start. It said:\n{browser._program.Output}", e);
        }
    }

    /// <summary>Asks the page's DevTools.</summary>
    public async Task<JsonNode> AskAsync(string method, JsonObject? parameters = null)
    {
        var id = Interlocked.Increment(ref _lastId);
        var answer = _asked[id] = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        var text = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] }.ToJsonString();
        await _page.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, TestContext.Current.CancellationToken);
        return await answer.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
    }

    /// <summary>Goes to an address.</summary>
    public Task GoAsync(string url) => AskAsync("Page.navigate", new JsonObject { ["url"] = url });

    /// <summary>The value of an expression in the page, as JSON.</summary>
    public async Task<JsonNode?> ValueAsync(string expression)
    {
        var said = await AskAsync("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        Assert.True(said["exceptionDetails"] is null, $"{expression}: {said.ToJsonString()}");
        return said["result"]!["value"]?.DeepClone();
    }

    /// <summary>Waits until an expression is true in the page.</summary>
    public Task UntilAsync(string expression, string what) => Programs.EventuallyAsync(async () => (bool)(await ValueAsync($"Boolean({expression})"))!, what, TimeSpan.FromSeconds(30));

    /// <summary>A key, as if typed.</summary>
    public async Task PressAsync(string key)
    {
        // Chromium's own keys, as the one that closes a dialog, go by their number.
        var (text, number) = key switch { "Escape" => ("", 27), "Tab" => ("", 9), "Enter" => ("\r", 13), _ => (key, 0) };
        await AskAsync("Input.dispatchKeyEvent", new JsonObject { ["type"] = text.Length > 0 ? "keyDown" : "rawKeyDown", ["key"] = key, ["code"] = key, ["text"] = text, ["windowsVirtualKeyCode"] = number });
        await AskAsync("Input.dispatchKeyEvent", new JsonObject { ["type"] = "keyUp", ["key"] = key, ["code"] = key, ["windowsVirtualKeyCode"] = number });
    }

    /// <summary>The page as it looks on a screen of this size, as PNG.</summary>
    public async Task<byte[]> PictureAsync(int width, int height, bool isDark, double scale = 1)
    {
        await AskAsync("Emulation.setEmulatedMedia", new JsonObject { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = isDark ? "dark" : "light" }) });
        await AskAsync("Emulation.setDeviceMetricsOverride", new JsonObject { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = scale, ["mobile"] = width < 600 });
        return Convert.FromBase64String((string)(await AskAsync("Page.captureScreenshot", new JsonObject { ["format"] = "png" }))["data"]!);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _reading;
        _page.Dispose();
        _end.Dispose();
        await _program.DisposeAsync();
        // Its helpers may write their last lines while they go.
        await Programs.EventuallyAsync(() => Task.FromResult(IsGone()), "the browser's profile is gone");
    }

    private bool IsGone()
    {
        try
        {
            _profile.Dispose();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private async Task ConnectAsync()
    {
        var file = _profile.File("DevToolsActivePort");
        await Programs.EventuallyAsync(() => Task.FromResult(File.Exists(file) && File.ReadAllLines(file).Length > 1), $"Chromium listens\n{_program.Output}", TimeSpan.FromMinutes(1));
        var port = (await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken))[0];
        using var client = new HttpClient();
        JsonNode? page = null;
        await Programs.EventuallyAsync(async () => (page = JsonNode.Parse(await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/json")))!.AsArray().FirstOrDefault(it => (string)it!["type"]! == "page")) is not null, "there is a page");
        await _page.ConnectAsync(new Uri((string)page!["webSocketDebuggerUrl"]!), TestContext.Current.CancellationToken);
        _reading = ReadAsync();
        foreach (var domain in new[] { "Page", "Runtime", "Log", "Network" }) await AskAsync(domain + ".enable");
    }

    private async Task ReadAsync()
    {
        var (buffer, message) = (new byte[64 * 1024], new MemoryStream());
        try
        {
            while (true)
            {
                var part = await _page.ReceiveAsync(buffer.AsMemory(), _end.Token);
                message.Write(buffer, 0, part.Count);
                if (!part.EndOfMessage) continue;
                Take(JsonNode.Parse(message.ToArray())!);
                message.SetLength(0);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or System.Text.Json.JsonException)
        {
            foreach (var asked in _asked.Values) asked.TrySetException(new IOException("The browser is gone."));
        }
    }

    private void Take(JsonNode said)
    {
        if (said["id"] is { } id)
        {
            if (_asked.TryRemove((int)id, out var asked)) asked.TrySetResult(said["result"] ?? said);
            return;
        }

        var parameters = said["params"]!;
        switch ((string?)said["method"])
        {
            case "Network.requestWillBeSent":
                Requests.Enqueue((string)parameters["request"]!["url"]!);
                break;
            case "Runtime.consoleAPICalled" when (string?)parameters["type"] is "error" or "warning" or "assert":
            case "Log.entryAdded" when (string?)parameters["entry"]!["level"] is "error" or "warning":
            case "Runtime.exceptionThrown":
                Complaints.Enqueue(parameters.ToJsonString());
                break;
            default:
                break;
        }
    }
}
