using System.CommandLine;
using System.Text.Json.Nodes;
using Gateway.Cli.Operating;

namespace Gateway.Cli.Commands;

/// <summary><c>gateway status</c> and <c>gateway node …</c>: what the operator of a node sees and does.</summary>
internal sealed class NodeCommands
{
    private const string DefaultTokenFile = "/var/lib/gateway/admin.token";

    private readonly Terminal _terminal;
    private readonly CommonOptions _common;
    private readonly Option<string> _admin;
    private readonly Option<string> _tokenFile;

    public NodeCommands(Terminal terminal, CommonOptions common)
    {
        (_terminal, _common) = (terminal, common);
        _admin = AdminClient.Address(terminal);
        _tokenFile = new Option<string>("--token-file")
        {
            Description = "File with the node's admin token [variable GW_ADMIN_TOKEN_FILE].",
            DefaultValueFactory = _ => terminal.Variable("GW_ADMIN_TOKEN_FILE") ?? DefaultTokenFile,
        };
    }

    public Command CreateStatus()
    {
        var command = new ExampleCommand("status", "Say whether a node serves what it should, part by part, and which node holds which tunnel.", "gateway status") { _admin };
        command.SetAction(async (parsed, stop) => _terminal.Report(await StatusAsync(parsed, stop), parsed.GetValue(_common.Json)));
        return command;
    }

    public Command CreateNode() => new("node", "Look into a running node and steer it. For its operator.")
    {
        List("zones", "List the zones that the node serves.", ("ZONE", TextTable.Member("zone")), ("OWNER", TextTable.Member("owner")), ("NAMES", TextTable.Member("names")), ("DELEGATED", TextTable.Member("delegation"))),
        List("names", "List reserved names with their users and the reservations that hold them.", ("NAME", TextTable.Member("name")), ("USER", TextTable.Member("user")), ("STATE", TextTable.Member("state")), ("HELD BY", Holders)),
        List("quarantined", "List names that were given up and rest before another user may have them.", ("NAME", TextTable.Member("name")), ("LAST USER", TextTable.Member("user")), ("SINCE", TextTable.Moment("since")), ("FREE FROM", TextTable.Moment("until"))),
        List("frozen", "List users whose reservations are kept and not served.", ("USER", TextTable.Member("user")), ("SINCE", TextTable.Moment("since")), ("REASON", TextTable.Member("reason"))),
        List("routes", "List hosts and where their visitors go.", ("HOST", TextTable.Member("host")), ("KIND", TextTable.Member("kind")), ("TO", TextTable.Member("to")), ("USER", TextTable.Member("user")), ("STATE", TextTable.Member("state"))),
        List("reservations", "List everybody's reservations, the newest first.", ("ID", TextTable.Member("id")), ("KIND", TextTable.Member("kind")), ("NAME", TextTable.Member("name")), ("USER", TextTable.Member("user")), ("STATE", TextTable.Member("state")), ("MESSAGE", TextTable.Member("message"))),
        List("traffic", "List the hosts that moved most in the last hour.", ("HOST", TextTable.Member("host")), ("NOW B/S", TextTable.Member("now")), ("VISITORS", TextTable.Member("present")), ("BYTES", TextTable.Member("bytes")), ("VISITS", TextTable.Member("visits"))),
        Tunnels(), Drop(), Release(), Freeze(), Unfreeze(), Rotate(), Reconcile(), Backup(), Restore(), Dashboard(),
    };

    private ExampleCommand List(string name, string description, params (string, Func<JsonNode, string>)[] columns)
    {
        var search = new Argument<string>("search") { Description = "A part of a name or id, or a user's id.", Arity = ArgumentArity.ZeroOrOne };
        var limit = new Option<int>("--limit") { Description = "Most lines, up to 10000.", DefaultValueFactory = _ => 200 };
        return Make(name, description, $"gateway node {name} example.com", [search], [limit], async (parsed, node, stop) =>
        {
            var path = $"/api/{name}?limit={parsed.GetValue(limit)}&search={Uri.EscapeDataString(parsed.GetValue(search) ?? "")}";
            return await ListAsync(node, path, "There are none.", columns, stop);
        });
    }

    private ExampleCommand Tunnels() => Make("tunnels", "List the tunnel clients that are connected to this process.", "gateway node tunnels", [], [], (_, node, stop) =>
        ListAsync(node, "/api/tunnels", "No tunnel client is connected.", [("SESSION", TextTable.Member("id")), ("CLIENT", TextTable.Member("client")), ("NAME", TextTable.Member("name")), ("PROTOCOL", TextTable.Member("protocol")), ("VISITORS", TextTable.Member("visitors")), ("HOSTS", TextTable.Member("hosts"))], stop));

    private ExampleCommand Drop()
    {
        var session = new Argument<long>("session") { Description = "The number that 'gateway node tunnels' shows." };
        return Make("drop", "Cut a tunnel client off, with the visitors in it. It may dial again.", "gateway node drop 12", [session], [], (parsed, node, stop) =>
            DoAsync(node, HttpMethod.Delete, $"/api/tunnels/{parsed.GetValue(session)}", _ => $"Session {parsed.GetValue(session)} is cut.", stop));
    }

    private ExampleCommand Release()
    {
        var name = new Argument<string>("name") { Description = "A name that no reservation holds any more, or that rests." };
        return Make("release", "Free a name that is stuck or rests: its user, records and route go, unless a reservation holds it.", "gateway node release old.gw.example.com", [name], [], (parsed, node, stop) =>
            DoAsync(node, HttpMethod.Delete, $"/api/names/{Uri.EscapeDataString(parsed.GetValue(name)!)}", _ => $"'{parsed.GetValue(name)}' is free.", stop));
    }

    private ExampleCommand Freeze()
    {
        var user = new Argument<long>("user") { Description = "The user's id, as the lists show it." };
        var reason = new Option<string>("--reason") { Description = "A note for yourself; visitors do not see it.", DefaultValueFactory = _ => "" };
        return Make("freeze", "Stop everything that a user has: his names lose their addresses, his visitors are refused (HTTP 451). He keeps his reservations.", "gateway node freeze 17 --reason phishing", [user], [reason], (parsed, node, stop) =>
            DoAsync(node, HttpMethod.Put, $"/api/frozen/{parsed.GetValue(user)}?reason={Uri.EscapeDataString(parsed.GetValue(reason)!)}", _ => $"User {parsed.GetValue(user)} is frozen.", stop));
    }

    private ExampleCommand Unfreeze()
    {
        var user = new Argument<long>("user") { Description = "The user's id, as 'gateway node frozen' shows it." };
        return Make("unfreeze", "Let everything go on that a user has.", "gateway node unfreeze 17", [user], [], (parsed, node, stop) =>
            DoAsync(node, HttpMethod.Delete, $"/api/frozen/{parsed.GetValue(user)}", _ => $"User {parsed.GetValue(user)} is served again.", stop));
    }

    private ExampleCommand Rotate()
    {
        var key = new Argument<string>("key") { Description = "token: the admin token in the state directory. cookies: the secret of the DNS cookies." };
        key.AcceptOnlyFromAmong("token", "cookies");
        return Make("rotate", "Change a key that the node made for itself. The former one is still accepted for a while.", "gateway node rotate token", [key], [], (parsed, node, stop) =>
            DoAsync(node, HttpMethod.Post, $"/api/keys/{parsed.GetValue(key)}/rotate", json => json["former_until"] is { } until ? $"The token's file holds a new one; the former one is good until {TextTable.Moment(until)}." : "Cookies are made with a new secret.", stop));
    }

    private ExampleCommand Reconcile()
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would be changed." };
        return Make("reconcile", "Compare everything with Redis and the explorer now, and repair what differs.", "gateway node reconcile --dry-run", [], [dryRun], (parsed, node, stop) =>
            parsed.GetValue(dryRun)
                ? DoAsync(node, HttpMethod.Post, "/api/reconcile?dry_run=true", json => json["changes"] is JsonArray { Count: > 0 } lines ? string.Join('\n', lines.Select(line => line!.ToString())) : "Nothing would be changed.", stop)
                : DoAsync(node, HttpMethod.Post, "/api/reconcile", _ => "It has begun; the log says what was repaired.", stop));
    }

    private ExampleCommand Backup()
    {
        var file = new Argument<string>("file") { Description = "Where to write it (mode 0600): it holds the node's identity and every tunnel's secret." };
        return Make("backup", "Write the node's whole state into a file.", "gateway node backup gateway.backup", [file], [], async (parsed, node, stop) =>
        {
            var path = parsed.GetValue(file)!;
            try
            {
                await using var output = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
                if (await node.DownloadAsync("/api/backup", output, stop) is { } fault) return fault;
                return new Outcome.Done($"'{path}' holds the state, {output.Length} bytes. Keep it as you keep keys.", new JsonObject { ["file"] = path, ["bytes"] = output.Length });
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return new Outcome.Fault(ExitCode.Failed, $"'{path}' cannot be written: {e.Message}");
            }
        });
    }

    private ExampleCommand Restore()
    {
        var file = new Argument<string>("file") { Description = "What 'gateway node backup' wrote." };
        return Make("restore", "Put the state of a backup in the place of the node's present one.", "gateway node restore gateway.backup", [file], [], async (parsed, node, stop) =>
        {
            var path = parsed.GetValue(file)!;
            try
            {
                await using var input = File.OpenRead(path);
                if ((await node.UploadAsync("/api/restore", input, stop)).Failed(out var fault, out var json)) return fault;
                return new Outcome.Done($"The state of '{path}' is in place. {json["note"]}".TrimEnd(), json);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return new Outcome.Fault(ExitCode.Failed, $"'{path}' cannot be read: {e.Message}");
            }
        });
    }

    private ExampleCommand Dashboard() => Make("dashboard", "Print the link of the node's page, with its token.", "gateway node dashboard", [], [], (_, node, _) =>
        Task.FromResult<Outcome>(node.DashboardLink is { } link ? new Outcome.Done(link, new JsonObject { ["url"] = link }) : new Outcome.Fault(ExitCode.Usage, "A browser cannot open a Unix socket: name the listener with --admin http://127.0.0.1:8091.")));

    private ExampleCommand Make(string name, string description, string example, Argument[] arguments, Option[] options, Func<ParseResult, AdminClient, CancellationToken, Task<Outcome>> act)
    {
        var command = new ExampleCommand(name, description, example) { _admin, _tokenFile };
        foreach (var argument in arguments) command.Add(argument);
        foreach (var option in options) command.Add(option);
        command.SetAction(async (parsed, stop) => _terminal.Report(await ActAsync(parsed, act, stop), parsed.GetValue(_common.Json)));
        return command;
    }

    private async Task<Outcome> ActAsync(ParseResult parsed, Func<ParseResult, AdminClient, CancellationToken, Task<Outcome>> act, CancellationToken stop)
    {
        if (AdminClient.Open(parsed.GetValue(_admin)!, parsed.GetValue(_tokenFile)!).Failed(out var fault, out var node)) return fault;
        using var owned = node;
        return await act(parsed, node, stop);
    }

    private async Task<Outcome> StatusAsync(ParseResult parsed, CancellationToken stop)
    {
        if (AdminClient.Open(parsed.GetValue(_admin)!, tokenFile: null).Failed(out var fault, out var node)) return fault;
        using var owned = node;
        if ((await node.AskAsync(HttpMethod.Get, "/status", stop, System.Net.HttpStatusCode.ServiceUnavailable)).Failed(out fault, out var json)) return fault;
        if (json["conditions"] is not JsonArray conditions) return new Outcome.Fault(ExitCode.Unreachable, "What answers there is no gateway node. Is --admin right?");
        var table = TextTable.Of(conditions, "It runs no part.", ("PART", TextTable.Member("name")), ("STATE", State), ("", TextTable.Member("text"))) + Held(json["held"]);
        return (bool?)json["ready"] == true ? new Outcome.Done(table, json) : new Outcome.Fault(ExitCode.Failed, $"The node does not serve what it should.\n{table}");
    }

    private static string State(JsonNode condition) => (bool?)condition["serving"] != true ? "not serving" : (bool?)condition["degraded"] == true ? "degraded" : "good";

    // A node of before says nothing of it.
    private static string Held(JsonNode? held)
    {
        if (held?["tunnels"] is not JsonArray tunnels) return "";
        var table = TextTable.Of(tunnels, "No tunnel client is connected.", ("HOST", Hosts), ("NODE", TextTable.Member("node")), ("CLIENT", Client), ("SINCE", TextTable.Moment("since")), ("UNTIL", Until));
        return $"\n\n{table}\n{held["note"]}".TrimEnd();
    }

    private static string Hosts(JsonNode tunnel) => tunnel["hosts"] is JsonArray { Count: > 0 } ? TextTable.Member("hosts")(tunnel) : $"tunnel {tunnel["tunnel"]}";

    private static string Client(JsonNode tunnel) => $"{tunnel["name"]} {tunnel["client"]}".Trim();

    // What another node says runs out there unless it says so again.
    private static string Until(JsonNode tunnel) => (bool?)tunnel["here"] == true ? "here" : TextTable.Moment(tunnel["until"]);

    private static string Holders(JsonNode name) => name["reservations"] is JsonArray { Count: > 0 } held ? string.Join(", ", held.Select(it => $"{it!["id"]} ({it["kind"]})")) : "nobody";

    private static async Task<Outcome> ListAsync(AdminClient node, string path, string empty, (string, Func<JsonNode, string>)[] columns, CancellationToken stop)
    {
        if ((await node.AskAsync(HttpMethod.Get, path, stop)).Failed(out var fault, out var json)) return fault;
        return new Outcome.Done(TextTable.Of(json as JsonArray ?? [], empty, columns), json);
    }

    private static async Task<Outcome> DoAsync(AdminClient node, HttpMethod method, string path, Func<JsonNode, string> text, CancellationToken stop) =>
        (await node.AskAsync(method, path, stop)).Failed(out var fault, out var json) ? fault : new Outcome.Done(text(json), json);
}
