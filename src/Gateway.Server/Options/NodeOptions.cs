using System.Net;
using Gateway.Model;
using Gateway.Model.Options;
using Gateway.Server.Logs;
using Gateway.Store;

namespace Gateway.Server.Options;

/// <summary>The parts that one process can run.</summary>
internal enum Role
{
    /// <summary>The authoritative name server.</summary>
    Dns,

    /// <summary>The TCP, TLS and HTTP router with its tunnel port.</summary>
    Router,

    /// <summary>Turns reservations into configuration.</summary>
    Reconciler,

    /// <summary>The reservation API.</summary>
    Explorer,
}

/// <summary>What concerns the node as a whole.</summary>
internal sealed class NodeOptions : ICheckedOptions
{
    [Option("The parts that this process runs.")]
    public IReadOnlyList<Role> Roles { get; set; } = [Role.Dns, Role.Router, Role.Reconciler, Role.Explorer];

    [Option("The directory that holds identity, private Redis and last-known-good files; made when it is missing.")]
    public string State { get; set; } = "data";

    [Option("The Redis to use, redis://[user:password@]host:port[/db]; empty: the node starts and supervises a private one.")]
    public string Redis { get; set; } = "";

    [Option("A file that holds the password of that Redis, instead of writing it into the address.")]
    public string RedisPasswordFile { get; set; } = "";

    [Option("The port of the private Redis on loopback; 0 lets the node choose one and keep it.", Minimum = 0, Maximum = 65535)]
    public int RedisPort { get; set; }

    [Option("The seed file of the node's identity; empty: identity.seed in the state directory. Made when it is missing.")]
    public string Seed { get; set; } = "";

    [Option("The domains under which users may reserve names; their parents must delegate them to this node.")]
    public IReadOnlyList<DomainName> Domains { get; set; } = [];

    [Option("The names of this node's DNS servers, the first one the primary: what users put into NS records.")]
    public IReadOnlyList<DomainName> Nameservers { get; set; } = [];

    [Option("The host name or address by which tunnel clients reach this node, as the explorer's directory shows it; empty: the address of the tunnel listener, or the first name server.")]
    public string Address { get; set; } = "";

    [Option("Where health, metrics and status are served; keep it on loopback.")]
    public IPEndPoint Admin { get; set; } = new(IPAddress.Loopback, 8091);

    [Option("A Unix socket on which the same is served, readable by the node's user only; empty: none.")]
    public string AdminSocket { get; set; } = "";

    [Option("The least important log lines that are written: trace, debug, information, warning, error or critical.")]
    public Microsoft.Extensions.Logging.LogLevel LogLevel { get; set; } = Microsoft.Extensions.Logging.LogLevel.Information;

    [Option("How log lines are written: auto (fields for the journal when systemd connected it with standard error, else human), human, json or journal.")]
    public LogFormat LogFormat { get; set; } = LogFormat.Auto;

    [Option("Log lines of one kind that are written in a second; what comes more often is counted and summed up. 0: no bound.", Minimum = 0, Maximum = 1_000_000)]
    public int LogRate { get; set; } = 1_000;

    [Option("The collector that gets traces and log lines by OTLP over HTTP, like http://127.0.0.1:4318; /v1/traces and /v1/logs are appended. Empty: none.")]
    public Uri? OtlpEndpoint { get; set; }

    [Option("The part of visits that is traced for that collector, from 0 (none) to 1 (all).", Minimum = 0, Maximum = 1)]
    public double OtlpTraces { get; set; } = 1;

    [Option("Print what listens where, and what to type next, as soon as the node serves.")]
    public bool Banner { get; set; }

    /// <inheritdoc/>
    public IEnumerable<OptionFault> Faults()
    {
        if (Roles.Count == 0) yield return "roles is empty: name at least one of dns, router, reconciler, explorer.";
        if (State.Length == 0) yield return "state is empty: name the directory that keeps the node's state.";
        if (Redis.Length > 0 && !RedisEndpoint.TryParse(Redis, out _, out var fault)) yield return $"redis: {fault}";
        if (RedisPasswordFile.Length > 0 && Redis.Length == 0) yield return "redis_password_file is given, but redis is not: a private Redis makes its own password.";
        if (OtlpEndpoint is { } collector && collector.Scheme is not ("http" or "https")) yield return $"otlp_endpoint: '{collector}' is no HTTP address: give one like http://127.0.0.1:4318.";
        foreach (var domain in Domains)
            if (!domain.IsHostName || domain.LabelCount < 2) yield return $"domains: '{domain}' is not a domain that can be managed: give one like gw.example.com.";
        if (Domains.Count > 0 && Nameservers.Count == 0)
            yield return new OptionFault("nameservers is empty although domains are managed: name this node's DNS servers, for example ns1.example.com.") { Because = ["domains"] };
    }
}
