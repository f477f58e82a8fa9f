using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using Gateway.Cli.Commands;
using Gateway.Model;

namespace Gateway.Cli.Doctor;

/// <summary><c>gateway doctor</c>.</summary>
internal sealed class DoctorCommand(Terminal terminal, CommonOptions common)
{
    /* Two tries stay below two seconds. */
    private const double DefaultTimeout = 0.7;
    private const double LongestTimeout = 60;

    // The root servers a to m, as the root zone lists them.
    private static readonly string[] Roots =
    [
        "198.41.0.4", "170.247.170.2", "192.33.4.12", "199.7.91.13", "192.203.230.10", "192.5.5.241", "192.112.36.4", "198.97.190.53",
        "192.36.148.17", "192.58.128.30", "193.0.14.129", "199.7.83.42", "202.12.27.33", "2001:503:ba3e::2:30", "2001:500:2::c", "2001:7fd::1",
    ];

    public Command Create()
    {
        var domain = new Argument<string>("domain") { Description = "The domain whose delegation is to be examined." };
        var servers = new Option<string[]>("--nameserver") { Description = "A name server of the gateway; may be repeated. Without any, where the domain is delegated to is not judged." };
        var roots = new Option<string[]>("--root") { Description = "Addresses of root servers to begin with, instead of the Internet's; may be repeated." };
        var timeout = new Option<double>("--timeout") { Description = "Seconds that one answer may take.", DefaultValueFactory = _ => DefaultTimeout };
        var command = new ExampleCommand("doctor", "Ask the root, the parent and each name server directly, and say in one sentence what is wrong with a domain's delegation.",
            "gateway doctor gw.example.com --nameserver ns1.example.com")
        { domain, servers, roots, timeout };
        command.SetAction(async (parsed, stop) => terminal.Report(
            await ExamineAsync(parsed.GetValue(domain)!, parsed.GetValue(servers) ?? [], parsed.GetValue(roots) ?? [], parsed.GetValue(timeout), stop), parsed.GetValue(common.Json)));
        return command;
    }

    private static async Task<Outcome> ExamineAsync(string text, string[] servers, string[] roots, double timeout, CancellationToken stop)
    {
        if (timeout is not (> 0 and <= LongestTimeout)) return new Outcome.Fault(ExitCode.Usage, $"--timeout takes a number of seconds up to {LongestTimeout}.");
        if (!DomainName.TryParse(text, out var domain) || domain.IsRoot) return new Outcome.Fault(ExitCode.Usage, $"'{PeerText.OneLine(text, 100)}' is no domain name.");
        var expected = new List<DomainName>();
        foreach (var server in servers)
        {
            if (!DomainName.TryParse(server, out var name) || name.IsRoot) return new Outcome.Fault(ExitCode.Usage, $"--nameserver: '{PeerText.OneLine(server, 100)}' is no domain name.");
            expected.Add(name);
        }

        var addresses = new List<IPAddress>();
        foreach (var root in roots.Length > 0 ? roots : Roots)
        {
            if (!IPAddress.TryParse(root, out var address)) return new Outcome.Fault(ExitCode.Usage, $"--root: '{PeerText.OneLine(root, 100)}' is no IP address.");
            addresses.Add(address);
        }

        var findings = await new Examination(addresses, new Asker(TimeSpan.FromSeconds(timeout)).AskAsync).RunAsync(domain, [.. expected.Order()], stop);
        var diagnosis = Diagnosis.Of(findings);
        var (words, json) = (diagnosis.Text + Servers(findings), Json(findings, diagnosis));
        return diagnosis.Code == Diagnosis.Good ? new Outcome.Done(words, json) : new Outcome.Fault(ExitCode.Failed, words) { Json = json };
    }

    private static string Servers(Findings findings) =>
        string.Concat(findings.Servers.Select(server => $"\n  {server.Name} {server.Address}: UDP {Word(server.Udp)}, TCP {Word(server.Tcp)}"));

    private static string Word(Standing standing) => standing switch
    {
        Standing.Good => "answers",
        Standing.Refused => "refuses",
        Standing.Fails => "fails",
        Standing.NotAuthoritative => "without authority",
        Standing.NotAsked => "not asked (no way from here)",
        _ => "silent",
    };

    private static JsonObject Json(Findings findings, Diagnosis diagnosis) => new()
    {
        ["domain"] = findings.Domain.ToString(),
        ["diagnosis"] = diagnosis.Code,
        ["text"] = diagnosis.Text,
        ["servers"] = new JsonArray([.. findings.Servers.Select(server => (JsonNode)new JsonObject { ["name"] = server.Name.ToString(), ["address"] = server.Address.ToString(), ["udp"] = Word(server.Udp), ["tcp"] = Word(server.Tcp) })]),
    };
}
