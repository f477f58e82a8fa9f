using System.CommandLine;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Cli.Reservations;
using Gateway.Cli.Waiting;
using Gateway.Model;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Commands;

/// <summary><c>gateway reserve domain|subdomain|proxy|tunnel</c>.</summary>
internal sealed class ReserveCommands(Terminal terminal, CommonOptions common)
{
    private readonly Option<string?> _gateway = new("--gateway") { Description = "Identity of the gateway; needed only when several could serve the name.", Recursive = true };
    private readonly WaitOptions _waiting = new(terminal.Time);
    private readonly ApprovalOptions _approval = new();

    public Command Create()
    {
        var command = new Command("reserve", "Reserve a name, a proxy, a tunnel or a whole domain.") { Domain(), Subdomain(), Proxy(), Tunnel(), _gateway };
        _waiting.AddTo(command);
        _approval.AddTo(command);
        return command;
    }

    private ExampleCommand Domain()
    {
        var name = new Argument<string>("domain") { Description = "A domain whose NS records name this gateway." };
        var command = new ExampleCommand("domain", "Let the gateway serve a whole domain of yours. Point the domain's NS records at the gateway's name servers.",
            "gateway reserve domain example.org")
        { name };
        command.SetAction((parsed, stop) => RunAsync(parsed, parsed.GetValue(name)!, WorkloadType.DomainDelegate, (draft, _) => draft, stop));
        return command;
    }

    private ExampleCommand Subdomain()
    {
        var name = new Argument<string>("name") { Description = "A name under a managed domain or one of yours." };
        var addresses = new Option<string[]>("--ip") { Description = "An IPv4 or IPv6 address; may be repeated.", Required = true };
        addresses.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (!IPAddress.TryParse(token.Value, out _)) result.AddError($"'{token.Value}' is not an IP address.");
        });
        var command = new ExampleCommand("subdomain", "Reserve a name with its addresses.",
            "gateway reserve subdomain hello.gw.example.com --ip 203.0.113.10 --ip 2001:db8::10")
        { name, addresses };
        command.SetAction((parsed, stop) => RunAsync(parsed, parsed.GetValue(name)!, WorkloadType.Subdomain, (draft, _) => draft with { Ips = parsed.GetValue(addresses) }, stop));
        return command;
    }

    private ExampleCommand Proxy()
    {
        var name = new Argument<string>("host") { Description = "The host whose visitors shall be carried." };
        var target = new Option<string>("--to") { Description = "The address that the gateway dials.", Required = true };
        var http = new Option<uint>("--http-port") { Description = "Its port for HTTP; 0: none.", DefaultValueFactory = _ => 80 };
        var tls = new Option<uint>("--tls-port") { Description = "Its port for TLS; 0: none.", DefaultValueFactory = _ => 443 };
        var command = new ExampleCommand("proxy", "Carry a host's visitors to an address that the gateway can reach.",
            "gateway reserve proxy www.example.org --to 198.51.100.7")
        { name, target, http, tls };
        command.SetAction((parsed, stop) => RunAsync(parsed, parsed.GetValue(name)!, WorkloadType.Proxy,
            (draft, _) => draft with { Address = parsed.GetValue(target), Port = parsed.GetValue(http), PortTls = parsed.GetValue(tls) }, stop));
        return command;
    }

    private ExampleCommand Tunnel()
    {
        var name = new Argument<string>("host") { Description = "The host whose visitors shall come through the tunnel." };
        var file = new Option<string?>("--secret-file") { Description = "Write the tunnel's secret to this new file (mode 0600) instead of printing it." };
        var command = new ExampleCommand("tunnel", "Carry a host's visitors into a tunnel that your container dials out. Makes a random secret, encrypts it to the gateway, and prints the 'gateway expose' line to paste.",
            "gateway reserve tunnel hello.gw.example.com --secret-file hello.secret")
        { name, file };
        command.SetAction((parsed, stop) => TunnelReservation.RunAsync(this, parsed, parsed.GetValue(name)!, parsed.GetValue(file), stop));
        return command;
    }

    /// <summary>What the user calls this program by: lines to paste begin with it.</summary>
    public string Program => terminal.Variable("GW_PROGRAM") ?? "gateway";

    /// <summary>
    /// The story of every reservation; <paramref name="fill"/> sets the members of its kind, <paramref name="after"/> adds to what is
    /// shown, <paramref name="failed"/> tidies up after a fault.
    /// </summary>
    public async Task<int> RunAsync(
        ParseResult parsed,
        string text,
        WorkloadType type,
        Func<Workload, (Caller Caller, GatewayNode Gateway), Step<Workload>> fill,
        CancellationToken stop,
        Func<GatewayNode, (string Text, JsonObject Json)>? after = null,
        Func<Outcome.Fault, Outcome.Fault>? failed = null)
    {
        var outcome = await ReserveAsync(parsed, text, type, fill, after, stop);
        if (outcome is Outcome.Fault fault && failed is not null) outcome = failed(fault);
        return terminal.Report(outcome, parsed.GetValue(common.Json));
    }

    private async Task<Outcome> ReserveAsync(
        ParseResult parsed,
        string text,
        WorkloadType type,
        Func<Workload, (Caller Caller, GatewayNode Gateway), Step<Workload>> fill,
        Func<GatewayNode, (string Text, JsonObject Json)>? after,
        CancellationToken stop)
    {
        if (NameFault(text, out var name) is { } wrong) return new Outcome.Fault(ExitCode.Usage, wrong);
        if (Caller.OpenRegistered(parsed.GetValue(common.Identity)!, parsed.GetValue(common.Explorer)!, terminal.Time).Failed(out var fault, out var caller)) return fault;
        using var owned = caller;
        var booking = new Booking(caller);
        if ((await booking.ChooseGatewayAsync(parsed.GetValue(_gateway), name, stop)).Failed(out fault, out var gateway)) return fault;
        var draft = new Workload { NodeId = gateway.NodeId, WorkloadType = type, Domain = name.ToString() };
        if (fill(draft, (caller, gateway)).Failed(out fault, out var filled)) return fault;
        if ((await booking.ReserveAsync(_approval.Fill(parsed, filled), stop)).Failed(out fault, out var reserved)) return fault;
        var (wait, began) = (_waiting.WordOf(parsed), terminal.Time.GetTimestamp());
        if (wait > TimeSpan.Zero && (await booking.WaitAsync(reserved.Id, IsEnough, wait, stop)).Failed(out fault, out reserved)) return fault with { HoldsNothing = false };
        var more = after?.Invoke(gateway);
        if (!_waiting.IsAsked(parsed)) return Tell(reserved, name, more);
        var seen = await WatchAsync(parsed, gateway, reserved, name, more, wait - terminal.Time.GetElapsedTime(began), stop);
        if (seen.IsUp) more = Up(more);
        return seen.IsUp || ReservationView.State(reserved) is not ("active" or "waiting" or ReservationView.Unapproved) ? Tell(reserved, name, more) : NotYet(reserved, name, more, wait, seen);

        // Other users take their time: they are waited for only when somebody says how long.
        bool IsEnough(Workload workload) => ReservationView.IsSettled(workload) || (!_waiting.IsAsked(parsed) && ReservationView.State(workload) == ReservationView.Unapproved);
    }

    private static string? NameFault(string text, out DomainName name)
    {
        if (DomainName.TryParse(text, out name) && name.IsHostName) return null;
        if (!Ascii.IsValid(text) && !WorkloadConversion.TryReadDomain(text, out _, out var fault)) return $"'{text}' cannot be reserved as it is written: {fault}.";
        return $"'{text}' is not a domain name: use letters, digits, hyphens and dots.";
    }

    private async Task<Sighting> WatchAsync(ParseResult parsed, GatewayNode gateway, Workload reserved, DomainName name, (string Text, JsonObject Json)? more, TimeSpan left, CancellationToken stop)
    {
        if (ReservationView.State(reserved) == ReservationView.Unapproved) return new Sighting(ReservationView.Unapproved, Unapproved(reserved));
        if (ReservationView.State(reserved) != "active") return new Sighting("waiting", "The gateway has not answered yet; 'gateway reservations' shows when it does.");
        // Before the wait, for a tunnel is up only when somebody has pasted the line.
        if (more is { } paste) await terminal.Error.WriteLineAsync(paste.Text);
        return await _waiting.WaitAsync(parsed, gateway, reserved, name, left, stop);
    }

    private static string Unapproved(Workload reserved) => $"Before the gateway hears of it, {Approvals.OfCreation(reserved)}: 'gateway approve {reserved.Id}'.";

    private static (string Text, JsonObject Json) Up((string Text, JsonObject Json)? more)
    {
        var json = (JsonObject)(more?.Json.DeepClone() ?? new JsonObject());
        json["up"] = true;
        return ("It is up.", json);
    }

    private static Outcome.Fault NotYet(Workload reserved, DomainName name, (string Text, JsonObject Json)? more, TimeSpan wait, Sighting seen)
    {
        var text = $"{name} is reserved ({reserved.WorkloadType.Name} {reserved.Id}), but is not up after {wait.TotalSeconds} s. {seen.Text}";
        var json = With(ReservationView.Json(reserved), more);
        (json["up"], json["reason"], json["error"], json["code"]) = (false, seen.Reason, text, (int)ExitCode.NotYet);
        return new Outcome.Fault(ExitCode.NotYet, text) { Json = json };
    }

    private static JsonObject With(JsonObject json, (string Text, JsonObject Json)? more)
    {
        foreach (var (key, value) in more?.Json ?? []) json[key] = value?.DeepClone();
        return json;
    }

    private static Outcome Tell(Workload reserved, DomainName name, (string Text, JsonObject Json)? more)
    {
        var json = With(ReservationView.Json(reserved), more);
        var tail = more is { Text: var text } ? "\n" + text : "";
        return ReservationView.State(reserved) switch
        {
            "active" => new Outcome.Done($"{name} is reserved: {reserved.WorkloadType.Name} {reserved.Id}.{tail}", json),
            "waiting" => new Outcome.Done($"{name}: {reserved.WorkloadType.Name} {reserved.Id} is stored; the gateway has not answered yet. 'gateway reservations' shows when it does.{tail}", json),
            ReservationView.Unapproved => new Outcome.Done($"{name}: {reserved.WorkloadType.Name} {reserved.Id} is stored. {Unapproved(reserved)}{tail}", json),
            _ => new Outcome.Fault(ExitCode.Refused, $"The gateway refused {name}: {reserved.Result.Message}") { HoldsNothing = true },
        };
    }
}
