using System.Diagnostics;
using System.Globalization;
using System.Net;
using Gateway.Model;
using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.ReservationBenchmark;

/// <summary>A gatewayd of its own, with its private Redis, as an operator would start it.</summary>
internal sealed class RunningNode : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly string _state;
    private readonly HttpClient _http = new();

    private RunningNode(Process process, string state) => (_process, _state) = (process, state);

    /// <summary>Starts it; returns at once.</summary>
    public static RunningNode Start(string program, string state, params string[] options)
    {
        Directory.CreateDirectory(state);
        string[] arguments = ["--state", state, "--admin", "127.0.0.1:0", "--log-level", "warning", .. options];
        var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += Told;
        process.ErrorDataReceived += Told;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new RunningNode(process, state);

        static void Told(object sender, DataReceivedEventArgs line)
        {
            if (!string.IsNullOrWhiteSpace(line.Data)) Console.WriteLine("  gatewayd: " + line.Data);
        }
    }

    /// <summary>Where something listens, by the names of the file in the state directory.</summary>
    public IPEndPoint At(string name) =>
        IPEndPoint.Parse(File.ReadLines(Path.Combine(_state, "listening")).First(line => line.StartsWith(name + " ", StringComparison.Ordinal))[(name.Length + 1)..]);

    /// <summary>CPU seconds of gatewayd and of its Redis so far.</summary>
    public double CpuSeconds
    {
        get
        {
            _process.Refresh();
            using var redis = Process.GetProcessById(RedisProcess);
            return (_process.TotalProcessorTime + redis.TotalProcessorTime).TotalSeconds;
        }
    }

    /// <summary>Until its ports are open; with <paramref name="isReady"/>, until it says that it is ready.</summary>
    public async Task WaitAsync(bool isReady)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!await StandsAsync(isReady))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(begun) > StartDeadline) throw new InvalidOperationException("gatewayd did not start.");
            await Task.Delay(5);
        }
    }

    /// <summary>The sum of a metric's series; 0 when it has none yet.</summary>
    public async Task<double> MetricAsync(string name)
    {
        var text = await _http.GetStringAsync(new Uri($"http://{At("admin")}/metrics"));
        return text.Split('\n').Where(line => line.StartsWith(name + " ", StringComparison.Ordinal) || line.StartsWith(name + "{", StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    /// <summary>The operator's wish that everything is compared.</summary>
    public async Task CompareAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://{At("admin")}/api/reconcile"));
        request.Headers.Authorization = new("Bearer", (await File.ReadAllTextAsync(Path.Combine(_state, "admin.token"))).Trim());
        using var response = await _http.SendAsync(request);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>A connection to its private Redis.</summary>
    public async Task<RedisConnection> RedisAsync()
    {
        var directory = Path.Combine(_state, "redis");
        var port = int.Parse(await File.ReadAllTextAsync(Path.Combine(directory, "port")), CultureInfo.InvariantCulture);
        var password = new Secret((await File.ReadAllTextAsync(Path.Combine(directory, "password"))).Trim());
        var redis = RedisConnection.Open(new RedisEndpoint("127.0.0.1", port, null, password, 0), TimeProvider.System, NullLoggerFactory.Instance);
        await redis.WaitConnectedAsync(CancellationToken.None);
        return redis;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        using (var stop = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)])) await stop.WaitForExitAsync();
        using var late = new CancellationTokenSource(StartDeadline);
        await _process.WaitForExitAsync(late.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private int RedisProcess => int.Parse(File.ReadAllText(Path.Combine(_state, "redis", "redis.pid")), CultureInfo.InvariantCulture);

    private async Task<bool> StandsAsync(bool isReady)
    {
        if (!File.Exists(Path.Combine(_state, "listening"))) return false;
        if (!isReady) return true;
        try
        {
            using var response = await _http.GetAsync(new Uri($"http://{At("admin")}/readyz"));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
