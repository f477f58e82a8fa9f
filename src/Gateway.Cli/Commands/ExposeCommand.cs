using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Gateway.Cli.Expose;
using Gateway.Transport;

namespace Gateway.Cli.Commands;

/// <summary><c>gateway expose</c>: the tunnel client.</summary>
internal sealed class ExposeCommand(Terminal terminal, CommonOptions common)
{
    private readonly Argument<string[]> _targets = new("target") { Description = "The local service: http://host:port, https://host:port (for visitors who speak TLS) or tcp://host:port (both).", Arity = new ArgumentArity(0, 2) };
    private readonly Option<string?> _local = new("--local") { Description = "The local service as host:port [variable TRC_LOCAL]." };
    private readonly Option<string?> _localTls = new("--local-tls") { Description = "Where visitors who speak TLS go, as host:port, when that is another place." };
    private readonly Option<string[]> _remotes = new("--remote") { Description = "A gateway's tunnel port: tls://host[:18000]#pin as 'gateway reserve tunnel' prints it, tls://host[:18000] where its certificate is trusted, or host[:18000] without TLS; may be repeated, all are held at once [variable TRC_REMOTE, separated by commas]." };
    private readonly Option<string[]> _pins = new("--pin") { Description = "The key that the gateway must show, sha256:…, for remotes that name none; may be repeated while its operator changes the key." };
    private readonly Option<string?> _proxy = new("--proxy-protocol") { Description = "Send the local service a PROXY header, v1 or v2, with the visitor's address and, in v2, the TLS server name." };
    private readonly Option<bool> _noDirect = new("--no-direct") { Description = "Carry everybody through the one session, instead of dialling a connection of its own for each visitor who speaks TLS." };
    private readonly Option<string?> _name = new("--name") { Description = "How the gateway's operator sees this client; the machine's name by default." };
    private readonly Option<string?> _secret = new("--secret") { Description = "The tunnel's secret; other users of this machine can see it in the process list [variable TRC_SECRET]." };
    private readonly Option<string?> _secretFile = new("--secret-file") { Description = "A file that holds the secret." };
    private readonly Option<string?> _config = new("--config") { Description = "A JSON file with several services, instead of everything above; docs/tunnels.md shows one." };
    private readonly Option<string?> _health = new("--health") { Description = "Answer health checks over HTTP on this address and port: 200 while every service holds a gateway, else 503." };
    private readonly Option<bool> _visits = new("--log-visits") { Description = "Print a line for each visitor too, with the id that the gateway's log and the header X-Request-Id begin with." };
    private readonly Option<string?> _heartbeat = new("--heartbeat") { Description = "How often a gateway is asked for a sign of life, in seconds, 10 by default; one that gives none for 2.4 times as long is dialled anew." };
    private readonly Option<string?> _backOff = new("--backoff") { Description = "The longest pause between two tries, in seconds; 30 by default [variable TRC_BACKOFF]." };

    public Command Create()
    {
        var command = new ExampleCommand("expose", "Carry a host's visitors through a tunnel to a service beside you. Runs until it is stopped, and reconnects by itself; prints one line per change.",
            "gateway expose http://localhost:8000 --remote gw1.example.com:18000 --secret-file hello.secret")
        { _targets, _local, _localTls, _remotes, _pins, _proxy, _noDirect, _name, _secret, _secretFile, _backOff, _heartbeat, _visits, _config, _health };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var json = parsed.GetValue(common.Json);
        if (Options(parsed).Failed(out var fault, out var services)) return terminal.Report(fault, json);
        Socket? page = null;
        if (parsed.GetValue(_health) is { } at && Listen(at).Failed(out fault, out page)) return terminal.Report(fault, json);
        using var owned = page;
        await ServeAsync(services, page, TextWriter.Synchronized(terminal.Output), json, stop);
        return (int)ExitCode.Ok;
    }

    private async Task ServeAsync(IReadOnlyList<TunnelClientOptions> services, Socket? page, TextWriter output, bool json, CancellationToken stop)
    {
        var health = new ClientHealth(new ServiceNotification(terminal.Variable("NOTIFY_SOCKET")), terminal.Time);
        using var told = stop.Register(health.Stopping);
        var clients = services.Select(options => new TunnelClient(options, terminal.Time, new ClientLog(output, json, terminal.Time, options.Service), health, options.LogVisits ? new VisitLog(output, json, terminal.Time, options.Service) : null).RunAsync(stop));
        var running = clients.ToArray();
        health.Started();
        var serving = page is null ? Task.CompletedTask : new HealthPage(page, health, terminal.Time).RunAsync(stop);
        await Task.WhenAll([.. running, serving]);
    }

    private Step<IReadOnlyList<TunnelClientOptions>> Options(ParseResult parsed)
    {
        if (parsed.GetValue(_config) is not { } file) return Read(parsed).Check().Failed(out var fault, out var options) ? fault : new[] { options };
        return (parsed.GetValue(_targets) ?? []).Length > 0 ? new Outcome.Fault(ExitCode.Usage, "Give services in the --config file or on the command line, not both.") : ExposeFile.Read(file);
    }

    private static Step<Socket> Listen(string at)
    {
        if (!IPEndPoint.TryParse(at, out var endPoint) || endPoint.Port == 0) return new Outcome.Fault(ExitCode.Usage, $"--health takes an address and port like 127.0.0.1:9000, not '{at}'.");
        return Listening.TryBind(endPoint, 16, out var listener, out var fault) ? listener : new Outcome.Fault(ExitCode.Failed, fault);
    }

    // A variable counts only where the command line says nothing.
    private ExposeArguments Read(ParseResult parsed)
    {
        var targets = parsed.GetValue(_targets) ?? [];
        var remotes = parsed.GetValue(_remotes) is { Length: > 0 } typed ? typed : [terminal.Variable("TRC_REMOTE") ?? ""];
        var file = parsed.GetValue(_secretFile);
        return new ExposeArguments(
            targets,
            parsed.GetValue(_local) ?? (targets.Length == 0 ? terminal.Variable("TRC_LOCAL") : null),
            parsed.GetValue(_localTls),
            remotes,
            parsed.GetValue(_secret) ?? (file is null ? terminal.Variable("TRC_SECRET") : null),
            file,
            parsed.GetValue(_backOff) ?? terminal.Variable("TRC_BACKOFF"))
        {
            Heartbeat = parsed.GetValue(_heartbeat),
            Pins = parsed.GetValue(_pins) ?? [],
            ProxyProtocol = parsed.GetValue(_proxy),
            Direct = !parsed.GetValue(_noDirect),
            LogVisits = parsed.GetValue(_visits),
            Name = parsed.GetValue(_name) ?? Environment.MachineName,
        };
    }
}
