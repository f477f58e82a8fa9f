using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Gateway.Cli.Operating;
using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Replies;

namespace Gateway.Cli.Doctor;

/// <summary><c>gateway doctor</c> without a domain: asks a node about itself, and knocks at its doors.</summary>
internal sealed class NodeDoctor(Asker asker, TimeSpan patience, TimeProvider time)
{
    /// <summary>Looks at the node behind this admin URL.</summary>
    public async Task<Outcome> ExamineAsync(string admin, CancellationToken stop)
    {
        if (AdminClient.Open(admin, tokenFile: null).Failed(out var fault, out var node)) return fault;
        using var owned = node;
        var began = time.GetTimestamp();
        if ((await node.AskAsync(HttpMethod.Get, "/status", stop, HttpStatusCode.ServiceUnavailable)).Failed(out fault, out var status))
            return new Outcome.Fault(fault.Code, $"{fault.Message} 'systemctl status gateway' says why it does not run.");
        if (status["conditions"] is not JsonArray) return new Outcome.Fault(ExitCode.Unreachable, $"What answers at {admin} is no gateway node. Is --admin right?");
        var now = time.GetUtcNow();
        var findings = new NodeCheckup(status, await KnockAsync(status, stop), KernelClock.IsSynchronized(), now).Findings();
        return Tell(findings, (long)time.GetElapsedTime(began).TotalMilliseconds);
    }

    private static Outcome Tell(IReadOnlyList<Finding> findings, long milliseconds)
    {
        var worst = findings[0].Health;
        var json = new JsonObject
        {
            ["diagnosis"] = worst == Health.Bad ? findings[0].Code : "good",
            ["milliseconds"] = milliseconds,
            ["findings"] = new JsonArray([.. findings.Select(it => (JsonNode)new JsonObject { ["subject"] = it.Subject, ["health"] = Word(it.Health), ["code"] = it.Code, ["text"] = it.Text })]),
        };
        var table = TextTable.Of(json["findings"]!.AsArray(), "", ("", TextTable.Member("health")), ("", TextTable.Member("subject")), ("", TextTable.Member("text"))).TrimStart('\n', ' ');
        var head = worst switch { Health.Bad => "Something is wrong.", Health.Strained => "The node works; there is something to know.", _ => "The node is well." };
        var text = string.Create(CultureInfo.InvariantCulture, $"{head}\n{table}\nAsked in {milliseconds} ms.");
        return worst == Health.Bad ? new Outcome.Fault(ExitCode.Failed, text) { Json = json } : new Outcome.Done(text, json);
    }

    private static string Word(Health health) => health switch { Health.Good => "good", Health.Strained => "note", _ => "BAD" };

    private async Task<IReadOnlyList<Door>> KnockAsync(JsonNode status, CancellationToken stop)
    {
        var zone = (string?)status["domains"]?.AsArray().FirstOrDefault() is { } text && DomainName.TryParse(text, out var parsed) ? parsed : DomainName.Root;
        var listeners = (status["listening"] as JsonArray ?? []).Select(it => (Name: (string?)it!["name"] ?? "", At: IPEndPoint.TryParse((string?)it["address"] ?? "", out var at) ? at : null)).Where(it => it.At is not null);
        return await Task.WhenAll(listeners.Distinct().SelectMany(it => it.Name == "dns"
            ? [AskAsync(it.At!, zone, tcp: false, stop), AskAsync(it.At!, zone, tcp: true, stop)]
            : new[] { ConnectAsync(it.Name, it.At!, stop) }));
    }

    private async Task<Door> AskAsync(IPEndPoint at, DomainName zone, bool tcp, CancellationToken stop)
    {
        var query = new DnsQuestion(zone, RecordType.Soa).ForServer(1);
        return new Door("dns", at, tcp ? "TCP" : "UDP", (await asker.AskAsync(Reachable(at), query, tcp, stop)).Reply is not null);
    }

    private async Task<Door> ConnectAsync(string name, IPEndPoint at, CancellationToken stop)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(patience);
        using var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(Reachable(at), deadline.Token);
            return new Door(name, at, "TCP", Answers: true);
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return new Door(name, at, "TCP", Answers: false);
        }
    }

    // Whoever listens everywhere listens at home.
    private static IPEndPoint Reachable(IPEndPoint at) =>
        at.Address.Equals(IPAddress.Any) ? new IPEndPoint(IPAddress.Loopback, at.Port) : at.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.IPv6Loopback, at.Port) : at;
}
