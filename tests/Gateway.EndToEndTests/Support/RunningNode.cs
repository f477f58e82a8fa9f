using System.Diagnostics;
using System.Net;
using System.Text;

namespace Gateway.EndToEndTests.Support;

/// <summary>A gatewayd of its own process, on free ports of loopback.</summary>
internal sealed class RunningNode : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _log = new();
    private readonly Dictionary<string, IPEndPoint> _listening = [];

    private RunningNode(Process process, string state)
    {
        _process = process;
        State = state;
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The state directory.</summary>
    public string State { get; }

    /// <summary>Everything the node printed.</summary>
    public string Log
    {
        get
        {
            lock (_log) return _log.ToString();
        }
    }

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    public Uri Explorer => new($"http://{_listening["explorer"]}");

    public IPEndPoint Dns => _listening["dns"];

    public IPEndPoint Http => _listening["http"];

    public IPEndPoint Tls => _listening["tls"];

    public IPEndPoint Tunnel => _listening["tunnel"];

    public IPEndPoint Admin => _listening["admin"];

    /// <summary>Starts a node and waits until it says that it is ready; the managed domain is gw.test.</summary>
    public static Task<RunningNode> StartAsync(string state, params string[] more) => StartUnderAsync([], state, more);

    /// <summary>The same, started by another program's command line, which must become the node (exec).</summary>
    public static async Task<RunningNode> StartUnderAsync(string[] starter, string state, params string[] more)
    {
        Directory.CreateDirectory(state);
        File.Delete(Path.Combine(state, "listening"));
        string[] ports = ["--admin", "127.0.0.1:0", "--explorer-listen", "127.0.0.1:0", "--dns-listen", "127.0.0.1:0", "--router-http-listen", "127.0.0.1:0", "--router-tls-listen", "127.0.0.1:0", "--router-tunnel-listen", "127.0.0.1:0"];
        // Nobody's resolver is asked by a test.
        if (!more.Contains("--reconciler-resolvers")) ports = [.. ports, "--reconciler-resolvers", "127.0.0.1:1"];
        string[] words = [.. starter, Programs.Gatewayd];
        var process = Programs.Start(words[0], [.. words[1..], "--state", state, "--domains", "gw.test", "--nameservers", "ns1.gw.test", .. ports, .. more]);
        var node = new RunningNode(process, state);
        try
        {
            await Programs.EventuallyAsync(node.IsReadyAsync, "the node is ready");
            return node;
        }
        catch (Exception e)
        {
            await node.DisposeAsync();
            throw new InvalidOperationException($"The node did not start. It said:\n{node.Log}", e);
        }
    }

    /// <summary>The text of a page of the admin listener; empty while nobody answers.</summary>
    public async Task<(int Status, string Body)> AdminAsync(string path)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            using var response = await client.GetAsync(new Uri($"http://{Admin}{path}"));
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return (0, "");
        }
    }

    /// <summary>Sends SIGTERM and waits for the end.</summary>
    public async Task<int> StopAsync()
    {
        if (!_process.HasExited) await Programs.RunAsync("kill", ["-TERM", ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopAsync();
        }
        finally
        {
            if (!_process.HasExited) _process.Kill(entireProcessTree: true);
            KeptLogs.Keep(Log);
            _process.Dispose();
        }
    }

    private async Task<bool> IsReadyAsync()
    {
        if (_process.HasExited) throw new InvalidOperationException($"gatewayd ended with {_process.ExitCode}.");
        var file = Path.Combine(State, "listening");
        if (!File.Exists(file)) return false;
        foreach (var line in await File.ReadAllLinesAsync(file))
        {
            var words = line.Split(' ');
            _listening.TryAdd(words[0], IPEndPoint.Parse(words[1]));
        }

        return _listening.ContainsKey("admin") && (await AdminAsync("/readyz")).Status == 200;
    }

    private void Append(string? line)
    {
        lock (_log) _log.Append(line).Append('\n');
    }
}
