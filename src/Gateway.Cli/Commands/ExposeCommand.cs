using System.CommandLine;
using Gateway.Cli.Expose;

namespace Gateway.Cli.Commands;

/// <summary><c>gateway expose</c>: the tunnel client.</summary>
internal sealed class ExposeCommand(Terminal terminal, CommonOptions common)
{
    private readonly Argument<string[]> _targets = new("target") { Description = "The local service: http://host:port, https://host:port (for visitors who speak TLS) or tcp://host:port (both).", Arity = new ArgumentArity(0, 2) };
    private readonly Option<string?> _local = new("--local") { Description = "The local service as host:port [variable TRC_LOCAL]." };
    private readonly Option<string?> _localTls = new("--local-tls") { Description = "Where visitors who speak TLS go, as host:port, when that is another place." };
    private readonly Option<string[]> _remotes = new("--remote") { Description = "A gateway's tunnel port: tls://host[:18000]#pin as 'gateway reserve tunnel' prints it, tls://host[:18000] where its certificate is trusted, or host[:18000] without TLS; may be repeated, all are held at once [variable TRC_REMOTE, separated by commas]." };
    private readonly Option<string?> _pin = new("--pin") { Description = "The key that the gateway must show, sha256:…, for remotes that name none." };
    private readonly Option<string?> _proxy = new("--proxy-protocol") { Description = "Send the local service a PROXY header, v1 or v2, with the visitor's address and, in v2, the TLS server name." };
    private readonly Option<string?> _name = new("--name") { Description = "How the gateway's operator sees this client; the machine's name by default." };
    private readonly Option<string?> _secret = new("--secret") { Description = "The tunnel's secret; other users of this machine can see it in the process list [variable TRC_SECRET]." };
    private readonly Option<string?> _secretFile = new("--secret-file") { Description = "A file that holds the secret." };
    private readonly Option<string?> _backOff = new("--backoff") { Description = "The longest pause between two tries, in seconds; 30 by default [variable TRC_BACKOFF]." };

    public Command Create()
    {
        var command = new ExampleCommand("expose", "Carry a host's visitors through a tunnel to a service beside you. Runs until it is stopped, and reconnects by itself; prints one line per change.",
            "gateway expose http://localhost:8000 --remote gw1.example.com:18000 --secret-file hello.secret")
        { _targets, _local, _localTls, _remotes, _pin, _proxy, _name, _secret, _secretFile, _backOff };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var json = parsed.GetValue(common.Json);
        if (Read(parsed).Check().Failed(out var fault, out var options)) return terminal.Report(fault, json);
        await new TunnelClient(options, terminal.Time, new ClientLog(terminal.Output, json, terminal.Time)).RunAsync(stop);
        return (int)ExitCode.Ok;
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
            Pin = parsed.GetValue(_pin),
            ProxyProtocol = parsed.GetValue(_proxy),
            Name = parsed.GetValue(_name) ?? Environment.MachineName,
        };
    }
}
