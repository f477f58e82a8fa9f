using System.Text;
using Gateway.Model.Routes;
using Gateway.Router.Routing;
using Gateway.Transport;
using Gateway.Transport.ProxyProtocol;
using Microsoft.Extensions.Logging;

namespace Gateway.Router.Upstreams;

/// <summary>
/// Asks the upstreams of routes that want it whether they are well, and tells <see cref="UpstreamTurns"/>. It dials as visitors
/// are dialled, address policy and all, and follows no redirect.
/// </summary>
internal sealed class HealthChecks(RouteTable routes, Dialer dialer, TimeSpan timeout, TimeProvider time, ILogger log)
{
    /// <summary>One lost packet is no illness, and one answer no recovery.</summary>
    private const int FailuresUntilDown = 3;
    private const int SuccessesUntilUp = 2;

    /// <summary>At once, so that checks are no flood; those over it are a little late.</summary>
    private const int AtOnce = 64;

    /// <summary>Answers begin with `HTTP/1.1 200`.</summary>
    private const int StatusLine = 12;

    /// <summary>How often it looks whether a check is due.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly Dictionary<Check, Health> _known = [];

    /// <summary>Checks until told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Tick, time, stop);
                await RoundAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop.
        }
    }

    /// <summary>Everything that is due now; returns when all of it was answered or has timed out.</summary>
    internal async Task RoundAsync(CancellationToken stop)
    {
        var wanted = routes.Checked.SelectMany(ChecksOf).ToHashSet();
        foreach (var gone in _known.Keys.Where(check => !wanted.Contains(check)).ToArray()) Forget(gone);
        foreach (var check in wanted) _known.TryAdd(check, new Health());
        dialer.Turns.CheckedCount = _known.Count;
        var now = time.GetUtcNow();
        var due = _known.Where(it => it.Value.Due <= now).ToArray();
        await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop }, async (it, token) =>
        {
            it.Value.Due = now + TimeSpan.FromSeconds(it.Key.Seconds);
            Take(it.Key, it.Value, await FaultAsync(it.Key, token));
        });
    }

    private static IEnumerable<Check> ChecksOf(Route route)
    {
        if (route.Target is not Target.Dial dial) yield break;
        int[] ports = [.. new[] { dial.HttpPort, dial.TlsPort }.Where(port => port > 0).Distinct()];
        foreach (var address in dial.More.Prepend(dial.Address))
            foreach (var port in ports)
                yield return new Check(route.Host.ToString(), dial, address, port, PathFor(route, dial, port), route.Rules.ProxyProtocol, route.Rules.HealthSeconds);
    }

    /// <summary>A page is fetched from the HTTP port only: of the TLS port nobody here has the keys.</summary>
    private static string? PathFor(Route route, Target.Dial dial, int port) =>
        route.Rules.HealthCheck != RouteRules.TcpCheck && port == dial.HttpPort ? route.Rules.HealthCheck : null;

    private void Take(Check check, Health health, string? fault)
    {
        (health.Failures, health.Successes) = fault is null ? (0, health.Successes + 1) : (health.Failures + 1, 0);
        if (!health.IsDown && health.Failures >= FailuresUntilDown)
        {
            health.IsDown = true;
            dialer.Turns.Down(check.Target, check.Address, check.Port);
            RouterLog.UpstreamDown(log, check.Address, check.Port, check.Host, fault!);
        }
        else if (health.IsDown && health.Successes >= SuccessesUntilUp)
        {
            health.IsDown = false;
            dialer.Turns.Up(check.Target, check.Address, check.Port);
            RouterLog.UpstreamUp(log, check.Address, check.Port, check.Host);
        }
    }

    private void Forget(Check check)
    {
        if (_known.Remove(check, out var health) && health.IsDown) dialer.Turns.Up(check.Target, check.Address, check.Port);
    }

    /// <summary>What is wrong; null: it is well.</summary>
    private async Task<string?> FaultAsync(Check check, CancellationToken stop)
    {
        using var deadline = new Deadline(timeout, time, stop);
        try
        {
            var outcome = await dialer.OpenAddressAsync(check.Address, check.Port, check.Target.IsOperators, deadline.Token);
            if (outcome is DialOutcome.Failed failed) return failed.Fault.ToString();
            await using var upstream = ((DialOutcome.Open)outcome).Upstream;
            return check.Path is { } path ? await FaultOfPageAsync(upstream, check, path, deadline.Token) : null;
        }
        catch (IOException e)
        {
            return e.Message;
        }
        catch (OperationCanceledException) when (deadline.Passed && !stop.IsCancellationRequested)
        {
            return "no answer in time";
        }
    }

    private static async Task<string?> FaultOfPageAsync(Duplex upstream, Check check, string path, CancellationToken stop)
    {
        // The check speaks for itself, not for a visitor: a header without addresses (proxy-protocol.txt, LOCAL and UNKNOWN).
        var opening = default(ProxyHeader).Write((ProxyVersion)check.ProxyProtocol);
        var request = $"GET {path} HTTP/1.1\r\nHost: {check.Host}\r\nUser-Agent: gateway-health\r\nConnection: close\r\n\r\n";
        await upstream.WriteAsync((byte[])[.. opening, .. Encoding.ASCII.GetBytes(request)], stop);
        var line = new byte[StatusLine];
        var count = 0;
        while (count < line.Length)
        {
            var read = await upstream.ReadAsync(line.AsMemory(count), stop);
            if (read == 0) return "it hung up";
            count += read;
        }

        var status = Encoding.ASCII.GetString(line);
        return status.StartsWith("HTTP/1.", StringComparison.Ordinal) && status[9] is '2' or '3' ? null : $"it answered {PrintableOf(status)}";
    }

    private static string PrintableOf(string status) => string.Concat(status.Select(octet => char.IsAsciiLetterOrDigit(octet) || octet is '/' or '.' or ' ' ? octet : '?'));

    private sealed record Check(string Host, Target.Dial Target, string Address, int Port, string? Path, int ProxyProtocol, int Seconds);

    private sealed class Health
    {
        public DateTimeOffset Due { get; set; }

        public int Failures { get; set; }

        public int Successes { get; set; }

        public bool IsDown { get; set; }
    }
}
