using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Gateway.Cli.Commands;
using Gateway.Cli.Operating;
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
        var domain = new Argument<string?>("domain") { Description = "The domain whose delegation is to be examined; none: the node itself is.", Arity = ArgumentArity.ZeroOrOne };
        var servers = new Option<string[]>("--nameserver") { Description = "A name server of the gateway; may be repeated. Without any, where the domain is delegated to is not judged." };
        var roots = new Option<string[]>("--root") { Description = "Addresses of root servers to begin with, instead of the Internet's; may be repeated." };
        var resolvers = new Option<string[]>("--resolver") { Description = "A resolver whose memory is looked into, when all else is right; may be repeated. Default: those of this machine." };
        var timeout = new Option<double>("--timeout") { Description = "Seconds that one answer may take.", DefaultValueFactory = _ => DefaultTimeout };
        var admin = AdminClient.Address(terminal);
        var command = new ExampleCommand("doctor", "Say in one sentence what is wrong with a domain's delegation, asking the root, the parent and each name server directly; or, without a domain, what is wrong with the node.",
            "gateway doctor gw.example.com --nameserver ns1.example.com")
        { domain, servers, roots, resolvers, timeout, admin };
        command.SetAction(async (parsed, stop) => terminal.Report(
            await ActAsync(parsed.GetValue(domain), new Words(parsed.GetValue(servers) ?? [], parsed.GetValue(roots) ?? [], parsed.GetValue(resolvers) ?? [], parsed.GetValue(timeout), parsed.GetValue(admin)!), stop), parsed.GetValue(common.Json)));
        return command;
    }

    private async Task<Outcome> ActAsync(string? domain, Words words, CancellationToken stop)
    {
        if (words.Timeout is not (> 0 and <= LongestTimeout)) return new Outcome.Fault(ExitCode.Usage, $"--timeout takes a number of seconds up to {LongestTimeout}.");
        var patience = TimeSpan.FromSeconds(words.Timeout);
        var asker = new Asker(patience);
        return domain is null ? await new NodeDoctor(asker, patience, terminal.Time).ExamineAsync(words.Admin, stop) : await ExamineAsync(domain, words, asker, stop);
    }

    private async Task<Outcome> ExamineAsync(string text, Words words, Asker asker, CancellationToken stop)
    {
        if (!DomainName.TryParse(text, out var domain) || domain.IsRoot) return new Outcome.Fault(ExitCode.Usage, $"'{PeerText.OneLine(text, 100)}' is no domain name.");
        var expected = new List<DomainName>();
        foreach (var server in words.Servers)
        {
            if (!DomainName.TryParse(server, out var name) || name.IsRoot) return new Outcome.Fault(ExitCode.Usage, $"--nameserver: '{PeerText.OneLine(server, 100)}' is no domain name.");
            expected.Add(name);
        }

        if (Addresses("--root", words.Roots, Roots).Failed(out var fault, out var roots) || Addresses("--resolver", words.Resolvers, []).Failed(out fault, out var resolvers)) return fault;
        var began = terminal.Time.GetTimestamp();
        var remembering = Recollection.AskAsync(words.Resolvers.Length > 0 ? resolvers : Recollection.OfThisMachine(), domain, asker.AskResolverAsync, stop);
        var findings = await new Examination(roots, asker.AskAsync).RunAsync(domain, [.. expected.Order()], stop);
        return Tell(findings with { Remembering = await remembering }, asker.Asked, (long)terminal.Time.GetElapsedTime(began).TotalMilliseconds);
    }

    private static Outcome Tell(Findings findings, int questions, long milliseconds)
    {
        var diagnosis = Diagnosis.Of(findings);
        var text = string.Create(CultureInfo.InvariantCulture, $"{diagnosis.Text}{Servers(findings)}\n  {questions} questions in {milliseconds} ms");
        var json = Json(findings, diagnosis);
        (json["questions"], json["milliseconds"]) = (questions, milliseconds);
        return diagnosis.Code == Diagnosis.Good ? new Outcome.Done(text, json) : new Outcome.Fault(ExitCode.Failed, text) { Json = json };
    }

    private static Step<List<IPAddress>> Addresses(string option, string[] given, string[] otherwise)
    {
        var addresses = new List<IPAddress>();
        foreach (var text in given.Length > 0 ? given : otherwise)
        {
            if (!IPAddress.TryParse(text, out var address)) return new Outcome.Fault(ExitCode.Usage, $"{option}: '{PeerText.OneLine(text, 100)}' is no IP address.");
            addresses.Add(address);
        }

        return addresses;
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

    private sealed record Words(string[] Servers, string[] Roots, string[] Resolvers, double Timeout, string Admin);
}
