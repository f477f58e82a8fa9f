using System.Net;
using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Replies;
using Gateway.Transport.Questions;

namespace Gateway.Reconciler.Proving;

/// <summary>
/// Whether the node's own name server serves what an explorer looks for before it lists a gateway: <c>__owner__</c> below every domain that
/// is announced, with the gateway's identity. What stands in Redis is not served yet.
/// </summary>
internal sealed class ServedProofs(ReconciledNode node, StubResolver resolver, TimeProvider time)
{
    /// <summary>The name server reads what was written a moment ago; only what it does not serve after this time is told.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);

    /// <summary>What is not served yet, in one line; null when all is, and when the name server is not one of this node's.</summary>
    public async Task<string?> MissingAsync(IReadOnlyList<DomainName> announced, CancellationToken stop)
    {
        var began = time.GetTimestamp();
        while (await LookAsync(announced, stop) is { } fault)
        {
            if (time.GetElapsedTime(began) > Patience) return fault;
            await Task.Delay(AskAgain, time, stop);
        }

        return null;
    }

    private async Task<string?> LookAsync(IReadOnlyList<DomainName> announced, CancellationToken stop)
    {
        if (node.OwnServers.Count == 0) return null;
        foreach (var domain in announced)
            if (domain.TryPrepend(RedisSchema.OwnerField, out var place) && await FaultAsync(place, stop) is { } fault) return fault;
        return null;
    }

    // One of them is enough: they all serve the same zones.
    private async Task<string?> FaultAsync(DomainName place, CancellationToken stop)
    {
        var fault = "";
        foreach (var server in node.OwnServers)
        {
            var reply = await resolver.AskServerAsync(Reachable(server), place, RecordType.Txt, stop);
            if (reply is not null && reply.Answers.Any(IsOurs)) return null;
            fault = reply is null ? $"the own name server at {server} does not answer" : $"the own name server at {server} does not serve {place} yet";
        }

        return fault;
    }

    private bool IsOurs(DnsRecord record) =>
        record.Text is { } text && RedisSchema.TryReadOwnerText(text, out var said) && said.Identity == node.Identity.Id && said.Owner == node.Identity.Id;

    // What listens everywhere is reached by the loopback.
    private static IPEndPoint Reachable(IPEndPoint server) =>
        server.Address.Equals(IPAddress.Any) ? new IPEndPoint(IPAddress.Loopback, server.Port)
        : server.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.IPv6Loopback, server.Port)
        : server;
}
