using Gateway.Dns;
using Gateway.Explorer;
using Gateway.Model.Options;
using Gateway.Reconciler;
using Gateway.Router;

namespace Gateway.Server.Options;

/// <summary>Everything an operator can say, one section for each room, with the defaults of a node on loopback.</summary>
internal sealed class Configuration
{
    public Configuration() => Table = new OptionTable([("", Node), ("dns", Dns), ("router", Router), ("reconciler", Reconciler), ("explorer", Explorer)], Faults);

    public NodeOptions Node { get; } = new();

    public DnsOptions Dns { get; } = new();

    public RouterOptions Router { get; } = new();

    public ReconcilerOptions Reconciler { get; } = new();

    public ExplorerOptions Explorer { get; } = new();

    /// <summary>All of them as the reader and the documents see them.</summary>
    public OptionTable Table { get; }

    /// <summary>True when this process runs <paramref name="role"/>.</summary>
    public bool Runs(Role role) => Node.Roles.Contains(role);

    // What lies between sections.
    private IEnumerable<OptionFault> Faults()
    {
        if (Runs(Role.Reconciler) && !Runs(Role.Explorer) && Reconciler.Explorer is null)
            yield return new OptionFault("reconciler.explorer is empty and this process runs no explorer: give the URL of the explorer, for example https://explorer.example.com.") { Because = ["roles"] };
        if (Node.Nameservers.Count > DnsOptions.MostNameServers) yield return $"nameservers: {Node.Nameservers.Count} are named, and {DnsOptions.MostNameServers} fit into an answer.";
    }
}
