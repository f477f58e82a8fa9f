namespace Gateway.UnitTests.Dns;

/// <summary>
/// The reference model: what a name server has to say about a name, written to be obviously right and not to be fast. Names are
/// lists of labels from the root down, a zone is a list of records, and every question is answered by looking at all of them.
/// </summary>
internal sealed class ModelZone(string apex, IReadOnlyCollection<string> allApexes)
{
    private readonly List<(string Name, string Type, string Data)> _records = [];

    public string Apex => apex;

    public void Add(string name, string type, string data) => _records.Add((name, type, data));

    public IEnumerable<string> Names => _records.Select(record => record.Name).Distinct();

    public List<string> Find(string name, string type) => [.. _records.Where(it => it.Name == name && it.Type == type).Select(it => it.Data)];

    /// <summary>A name exists when it owns records, or a name below it does (RFC 4592 section 2.2.3), be it in another zone of ours (RFC 8020).</summary>
    private bool Exists(string name) => name == apex || _records.Exists(it => it.Name == name || IsBelow(it.Name, name)) || allApexes.Any(it => IsBelow(it, name));

    private static bool IsBelow(string name, string above) => name.EndsWith("." + above, StringComparison.Ordinal);

    /// <summary>Ancestors of a name in this zone, from the apex down to the name itself.</summary>
    private IEnumerable<string> PathTo(string name)
    {
        var labels = name.Split('.');
        for (var i = labels.Length - apex.Split('.').Length; i >= 0; i--) yield return string.Join('.', labels[i..]);
    }

    public Said Ask(string name, string type)
    {
        foreach (var step in PathTo(name))
        {
            if (step != apex && Find(step, "NS").Count > 0 && !(step == name && type == "DS")) return new("referral", step, Find(step, "NS"));
            if (step != name && Find(step, "DNAME") is [var target]) return new("dname", step, [target]);
        }

        if (Exists(name)) return AskOwner(name, type);
        var encloser = PathTo(name).Last(Exists);
        var wildcard = "*." + encloser;
        return Exists(wildcard) ? AskOwner(wildcard, type) : new("nxdomain", "", []);
    }

    private Said AskOwner(string owner, string type)
    {
        if (Find(owner, type) is { Count: > 0 } found) return new("found", owner, found);
        return Find(owner, "CNAME") is [var target] ? new("cname", owner, [target]) : new("nodata", "", []);
    }

    /// <summary>One answer: its kind, the owner of the records that decided, and their data.</summary>
    public sealed record Said(string Kind, string Owner, List<string> Data);
}

/// <summary>Several zones: the zone with the longest name answers, and aliases are followed through all of them.</summary>
internal sealed class ModelServer(IReadOnlyList<ModelZone> zones)
{
    private const int LongestChain = 8;

    /// <summary>What the response holds, as lines: the code, the flag and the records' owner, type and data, sorted by section.</summary>
    public string Respond(string name, string type)
    {
        var zone = ZoneOf(name);
        if (zone is null) return "REFUSED";
        if (type == "DS" && name == zone.Apex && ParentOf(name) is { } parent && parent.Find(name, "NS").Count > 0 && parent.Ask(name, "DS").Kind != "referral") zone = parent;
        List<string> answer = [], names = [name];
        while (true)
        {
            var said = zone.Ask(name, type);
            switch (said.Kind)
            {
                case "referral": return Lines(names.Count == 1 ? "NOERROR -" : "NOERROR AA", answer, said.Data.Select(it => $"{said.Owner} NS {it}"));
                case "nodata": return Lines("NOERROR AA", answer, [$"{zone.Apex} SOA"]);
                case "nxdomain": return Lines("NXDOMAIN AA", answer, [$"{zone.Apex} SOA"]);
                case "found": return Lines("NOERROR AA", [.. answer, .. said.Data.Select(it => $"{name} {type} {it}")], []);
                case "dname": answer.Add($"{said.Owner} DNAME {said.Data[0]}"); break;
            }

            var target = said.Kind == "cname" ? said.Data[0] : name[..^said.Owner.Length] + said.Data[0];
            answer.Add($"{name} CNAME {target}");
            if (type == "CNAME" || names.Contains(target) || names.Count == LongestChain || ZoneOf(target) is not { } next) return Lines("NOERROR AA", answer, []);
            (name, zone) = (target, next);
            names.Add(name);
        }
    }

    private ModelZone? ZoneOf(string name) =>
        zones.Where(zone => name == zone.Apex || name.EndsWith("." + zone.Apex, StringComparison.Ordinal)).MaxBy(zone => zone.Apex.Length);

    private ModelZone? ParentOf(string apex) => ZoneOf(apex[(apex.IndexOf('.', StringComparison.Ordinal) + 1)..]) is { } zone && zone.Apex != apex ? zone : null;

    private static string Lines(string head, IEnumerable<string> answer, IEnumerable<string> authority) =>
        string.Join('\n', [head, .. answer.Distinct().Order(StringComparer.Ordinal), "--", .. authority.Distinct().Order(StringComparer.Ordinal)]);
}
