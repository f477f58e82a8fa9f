using System.Net;
using Gateway.Model.Options;

namespace Gateway.Dns;

/// <summary>Forwarding of other names for the operator's own clients, and the log of queries; both are off unless asked for.</summary>
public sealed partial class DnsOptions
{
    /// <summary>Resolvers to ask.</summary>
    [Option("Resolvers that are asked about names outside our zones, in this order, each with its port (192.0.2.53:53). Only for the clients of forward_clients; empty for nobody.")]
    public IReadOnlyList<IPEndPoint> ForwardTo { get; set; } = [];

    /// <summary>Clients to resolve for.</summary>
    [Option("Networks of the operator's own clients, whose recursive queries for names outside our zones are forwarded. Everybody else is refused. Name no network whose addresses strangers can forge.")]
    public IReadOnlyList<IPNetwork> ForwardClients { get; set; } = [];

    /// <summary>Deadline of one attempt.</summary>
    [Option("How long one resolver may take to answer a forwarded query; then the next one is asked, once.", Unit = "s", Minimum = 0.1, Maximum = 30)]
    public TimeSpan ForwardTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Forwarded queries in flight.</summary>
    [Option("Forwarded queries in flight; as many more may wait, and those beyond fail at once.", Minimum = 1, Maximum = 10_000)]
    public int ForwardAtOnce { get; set; } = 250;

    /// <summary>Query log.</summary>
    [Option("Log every query with its client and its answer's code. It costs more than answering does, and tells who asked for what: for a while, and not by habit.")]
    public bool QueryLog { get; set; }

    private IEnumerable<OptionFault> ForwardFaults()
    {
        if (ForwardTo.Count > 0 && ForwardClients.Count == 0) yield return new OptionFault("forward_clients: name the networks for which forward_to is meant; nobody would be served.") { Because = ["dns.forward_to"] };
        if (ForwardTo.Count == 0 && ForwardClients.Count > 0) yield return new OptionFault("forward_to: name the resolvers to ask for forward_clients.") { Because = ["dns.forward_clients"] };
        foreach (var to in ForwardTo)
            if (to.Address.Equals(IPAddress.Any) || to.Address.Equals(IPAddress.IPv6Any)) yield return $"forward_to: {to} is no address of a resolver.";
            else if (to.Port == 0) yield return $"forward_to: {to.Address} needs a port; resolvers listen on 53.";
        foreach (var network in ForwardClients)
            if (network.PrefixLength == 0) yield return $"forward_clients: {network} is everybody, and an open resolver is a weapon. Name your own networks.";
    }
}
