using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace Gateway.Cli.Doctor;

/// <summary>How one thing that a node needs stands.</summary>
internal enum Health
{
    /// <summary>As it should.</summary>
    Good,

    /// <summary>It works, and there is something to know.</summary>
    Strained,

    /// <summary>It hurts visitors or users.</summary>
    Bad,
}

/// <summary>One finding about a node.</summary>
/// <param name="Subject">What was looked at, for people.</param>
/// <param name="Health">How it stands.</param>
/// <param name="Code">A short name for programs.</param>
/// <param name="Text">One sentence: what is, and what to change where.</param>
internal sealed record Finding(string Subject, Health Health, string Code, string Text);

/// <summary>A listener of the node, and whether it answered.</summary>
internal sealed record Door(string Name, IPEndPoint At, string Transport, bool Answers);

/// <summary>What a node, its machine and its doors show, judged. Pure: the questions were asked before.</summary>
internal sealed class NodeCheckup(JsonNode status, IReadOnlyList<Door> doors, bool? clockIsKept, DateTimeOffset now)
{
    private const long FewDescriptors = 10_000;
    private const double DescriptorsShort = 0.8;
    private const long LittleDisk = 256L << 20;
    private const double DiskShort = 0.05;
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(5);

    /// <summary>Everything, the worst first.</summary>
    public IReadOnlyList<Finding> Findings() => [.. Parts().Concat(Ports()).Append(Clock()).Append(Descriptors()).Append(Disk()).OfType<Finding>().OrderByDescending(it => it.Health)];

    private IEnumerable<Finding> Parts()
    {
        foreach (var part in status["conditions"]?.AsArray() ?? [])
        {
            var (name, text) = ((string?)part!["name"] ?? "", (string?)part["text"] ?? "");
            var health = (bool?)part["serving"] != true ? Health.Bad : (bool?)part["degraded"] == true ? Health.Strained : Health.Good;
            // Redis is away: what is served still is, but nobody can reserve.
            if (name == "redis" && health == Health.Strained) health = Health.Bad;
            yield return new Finding(name, health, health == Health.Good ? "part_good" : name == "redis" ? "redis_away" : health == Health.Bad ? "part_not_serving" : "part_strained", text);
        }
    }

    private IEnumerable<Finding> Ports()
    {
        foreach (var door in doors)
            yield return door switch
            {
                { Answers: false } => new Finding(door.Name, Health.Bad, "port_closed", $"Nobody answers at {door.At} by {door.Transport}, where {door.Name} should listen; look at the log of gatewayd, and at a firewall on this machine."),
                { Name: "dns", At.Port: not 53 } => new Finding(door.Name, Health.Strained, "dns_port", $"The name server answers at {door.At} by {door.Transport}, but resolvers ask port 53 only; set dns.listen to a public address with port 53."),
                { Name: "dns" or "http" or "tls" or "tunnel" } when IPAddress.IsLoopback(door.At.Address) => new Finding(door.Name, Health.Strained, "only_local", $"{door.Name} listens at {door.At}, which only this machine reaches; give it a public address in the configuration."),
                _ => new Finding(door.Name, Health.Good, "port_open", $"It answers at {door.At} by {door.Transport}."),
            };
    }

    private Finding? Clock()
    {
        var said = (string?)status["machine"]?["clock"];
        if (said is not null && DateTimeOffset.TryParse(said, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var theirs) && (theirs - now).Duration() > ClockTolerance)
            return new Finding("clock", Health.Bad, "clock_differs", $"The node's clock differs from this machine's by {(theirs - now).Duration().TotalSeconds:F0} s; let both follow time servers (systemd-timesyncd or chrony), for signatures are good for a short time only.");
        return clockIsKept switch
        {
            true => new Finding("clock", Health.Good, "clock_kept", "The clock follows a time server."),
            false => new Finding("clock", Health.Strained, "clock_unsynchronized", "Nothing keeps this machine's clock right; start systemd-timesyncd or chrony, for signatures are good for a short time only."),
            null => null,
        };
    }

    private Finding? Descriptors()
    {
        if (((long?)status["machine"]?["descriptors_open"], (long?)status["machine"]?["descriptors_most"]) is not ({ } open, { } most) || most == 0) return null;
        if (open > most * DescriptorsShort) return new Finding("descriptors", Health.Bad, "descriptors_short", $"{open} of {most} descriptors are open; raise LimitNOFILE= of the service, or visitors are turned away.");
        return most < FewDescriptors
            ? new Finding("descriptors", Health.Strained, "descriptors_few", $"The node may open {most} descriptors only, two for each visitor; raise LimitNOFILE= of the service to 524288.")
            : new Finding("descriptors", Health.Good, "descriptors_good", $"{open} of {most} descriptors are open.");
    }

    private Finding? Disk()
    {
        if ((string?)status["machine"]?["disk_fault"] is { } fault) return new Finding("disk", Health.Bad, "disk_unreadable", $"The state directory cannot be looked at: {fault}");
        if (((long?)status["machine"]?["disk_free"], (long?)status["machine"]?["disk_size"]) is not ({ } free, { } size) || size == 0) return null;
        return free < LittleDisk || free < size * DiskShort
            ? new Finding("disk", Health.Bad, "disk_full", $"The disk of the state directory has {free >> 20} MiB left; make room, or Redis and the last-known-good files cannot be written.")
            : new Finding("disk", Health.Good, "disk_good", $"The disk of the state directory has {free >> 20} MiB left.");
    }
}
