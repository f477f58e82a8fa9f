using System.Net.Sockets;
using Gateway.Model;

namespace Gateway.Cli.Doctor;

/// <summary>What is wrong with a domain, and what to change where: one sentence, and a short name for programs.</summary>
internal sealed record Diagnosis(string Code, string Text)
{
    /// <summary>The code of a domain that is as it should be.</summary>
    public const string Good = "good";

    private static readonly Func<Findings, Diagnosis?>[] Rules =
    [
        Parent, Elsewhere, Addressless, Alias, Glue, NoServer, Transport, SomeServers, Dissent, Apex, Ds, Caa, Different, Serials, Memory,
    ];

    /// <summary>The first thing to change; the rules stand in the order in which a resolver meets the faults.</summary>
    public static Diagnosis Of(Findings findings) =>
        Rules.Select(rule => rule(findings)).FirstOrDefault(found => found is not null)
        ?? new Diagnosis(Good, $"'{findings.Domain}' is delegated by '{findings.Parent.ToAbsoluteString()}' and all its servers answer by UDP and TCP.");

    private static Diagnosis? Parent(Findings it) => it.Word switch
    {
        ParentWord.DoesNotExist => new("not_delegated", $"'{it.Domain}' is not delegated: the zone '{it.Parent.ToAbsoluteString()}' says that it does not exist; add '{it.Domain}. NS {Wanted(it)}' there{Remembered(it)}."),
        ParentWord.NotDelegated => new("no_ns_records", $"'{it.Domain}' exists in the zone '{it.Parent.ToAbsoluteString()}', but without NS records; add '{it.Domain}. NS {Wanted(it)}' there{Remembered(it)}."),
        ParentWord.Alias => new("alias_in_parent", $"'{it.Domain}' is a CNAME in the zone '{it.Parent.ToAbsoluteString()}'; delete it there and add '{it.Domain}. NS {Wanted(it)}'."),
        ParentWord.Silent => new("parent_silent", $"No server of '{it.Parent.ToAbsoluteString()}' answers: {(it.Parent.IsRoot ? "this machine cannot reach the root servers, so look at its network and at a firewall that blocks port 53" : "ask whoever runs that zone")}."),
        ParentWord.Failing => new("parent_failing", $"The servers of '{it.Parent.ToAbsoluteString()}' answer with an error; ask whoever runs that zone."),
        _ => null,
    };

    private static Diagnosis? Elsewhere(Findings it)
    {
        if (it.Expected.Count == 0) return null;
        var strangers = it.NameServers.Except(it.Expected).ToList();
        if (strangers.Count == it.NameServers.Count)
            return new("delegated_elsewhere", $"'{it.Domain}' is delegated elsewhere, to {List(it.NameServers)}; change its NS records in the zone '{it.Parent.ToAbsoluteString()}' to {List(it.Expected)}.");
        return strangers.Count == 0 ? null
            : new("partly_elsewhere", $"'{it.Domain}' is delegated to {List(strangers)} as well, which is none of the gateway's; remove that from its NS records in the zone '{it.Parent.ToAbsoluteString()}'.");
    }

    private static Diagnosis? Addressless(Findings it)
    {
        if (it.Addressless.FirstOrDefault(name => name.IsAtOrUnder(it.Domain)) is { IsRoot: false } inside)
            return new("glue_missing", $"The zone '{it.Parent.ToAbsoluteString()}' delegates '{it.Domain}' to '{inside}' without its address (glue), so nobody can find it; add '{inside}. A …' there.");
        return it.Addressless is [var name, ..] ? new("server_without_address", $"The name server '{name}' of '{it.Domain}' has no address; correct the NS record in '{it.Parent.ToAbsoluteString()}', or give the name an A record.") : null;
    }

    private static Diagnosis? Alias(Findings it) => it.Aliases is [var name, ..]
        ? new("server_is_alias", $"The name server '{name}' of '{it.Domain}' is a CNAME, which name servers must not be; name the machine itself in the NS record in '{it.Parent.ToAbsoluteString()}'.")
        : null;

    private static Diagnosis? Glue(Findings it)
    {
        foreach (var (name, glue) in it.Glue)
            if (it.OwnAddresses.TryGetValue(name, out var own) && own.Count > 0 && glue.Except(own).FirstOrDefault() is { } wrong)
                return new("glue_wrong", $"The zone '{it.Parent.ToAbsoluteString()}' gives {wrong} as the address of '{name}', but it is {string.Join(", ", own)}; correct the glue there.");
        return null;
    }

    private static Diagnosis? NoServer(Findings it)
    {
        var asked = it.Servers.Where(server => server.Udp != Standing.NotAsked).ToList();
        if (asked.Count == 0 || asked.Exists(server => server.Udp == Standing.Good || server.Tcp == Standing.Good)) return null;
        var first = asked[0];
        return asked.TrueForAll(server => server.Udp == Standing.Silent && server.Tcp == Standing.Silent)
            ? new("no_server_answers", $"No name server of '{it.Domain}' answers ({Machines(asked)}); start the node, or open port 53 for UDP and TCP in its firewall.")
            : Lame(it, first);
    }

    private static Diagnosis? SomeServers(Findings it)
    {
        var asked = it.Servers.Where(server => server.Udp != Standing.NotAsked).ToList();
        if (asked.Find(server => server.Udp == Standing.Silent && server.Tcp == Standing.Silent) is { } silent)
            return OtherFamily(asked, silent) ?? new("server_silent", $"Of the name servers of '{it.Domain}', {silent.Name} ({silent.Address}) does not answer; start it, open port 53 there, or take it out of the NS records in '{it.Parent.ToAbsoluteString()}'.");
        return asked.Find(server => server.Udp is not (Standing.Good or Standing.Silent)) is { } lame ? Lame(it, lame) : null;
    }

    private static Diagnosis? OtherFamily(List<ServerFinding> asked, ServerFinding silent)
    {
        if (asked.Find(server => server.Name == silent.Name && server.Address.AddressFamily != silent.Address.AddressFamily && server.Udp == Standing.Good) is not { } good) return null;
        var (mute, works) = silent.Address.AddressFamily == AddressFamily.InterNetworkV6 ? ("IPv6", "IPv4") : ("IPv4", "IPv6");
        return new("family_silent", $"{silent.Name} answers by {works} ({good.Address}), but not by {mute} ({silent.Address}); open port 53 for {mute} there, or take that address out of the DNS.");
    }

    private static Diagnosis? Lame(Findings it, ServerFinding server)
    {
        var who = $"{server.Name} ({server.Address})";
        return (server.Udp == Standing.Silent ? server.Tcp : server.Udp) switch
        {
            Standing.Refused => new("lame_refused", $"{who} refuses '{it.Domain}': it does not serve that zone; delegate the domain there ('gateway reserve domain {it.Domain}'), or correct the NS records in '{it.Parent.ToAbsoluteString()}'."),
            Standing.Fails => new("lame_failing", $"{who} fails for '{it.Domain}'; look at the log of that server."),
            _ => new("lame_not_authoritative", $"{who} answers for '{it.Domain}' without authority: it does not serve that zone itself; configure it there, or correct the NS records in '{it.Parent.ToAbsoluteString()}'."),
        };
    }

    private static Diagnosis? Transport(Findings it)
    {
        if (it.Servers.FirstOrDefault(server => server.Udp == Standing.Good && server.Tcp == Standing.Silent) is { } deaf)
            return new("tcp_blocked", $"{deaf.Name} ({deaf.Address}) answers by UDP only; open TCP port 53 in its firewall, for long answers come that way.");
        return it.Servers.FirstOrDefault(server => server.Tcp == Standing.Good && server.Udp == Standing.Silent) is { } mute
            ? new("udp_blocked", $"{mute.Name} ({mute.Address}) answers by TCP only; open UDP port 53 in its firewall.")
            : null;
    }

    private static Diagnosis? Dissent(Findings it) => it.Dissenting is [var server, ..]
        ? new("parent_disagrees", $"The servers of '{it.Parent.ToAbsoluteString()}' do not agree: {server} gives another delegation of '{it.Domain}'; wait until the change has reached it, or ask whoever runs that zone.")
        : null;

    private static Diagnosis? Apex(Findings it) => it.ApexIsAlias
        ? new("alias_at_apex", $"'{it.Domain}' itself is a CNAME, which hides its SOA and NS records; delete it, and reserve a name below, or use A and AAAA records.")
        : null;

    private static Diagnosis? Ds(Findings it)
    {
        if (it.Signers.Count == 0 || it.Signers.Any(ds => it.Keys.Any(key => DelegationSigner.Fits(it.Domain, ds, key)))) return null;
        var (but, instead) = it.Keys.Count == 0 ? ("its servers sign nothing", "") : ("it fits none of the keys that its servers have", ", or put the DS of the present key in its place");
        return new("old_ds", $"The zone '{it.Parent.ToAbsoluteString()}' has a DS record of '{it.Domain}', but {but}, so validating resolvers fail; remove the DS there, which an earlier operator left{instead}.");
    }

    private static Diagnosis? Caa(Findings it) => it.CaaForbids
        ? new("caa_forbids", $"A CAA record of '{it.Domain}' lets nobody issue certificates; add one that names your certificate authority, as in '0 issue \"letsencrypt.org\"'.")
        : null;

    private static Diagnosis? Different(Findings it) => it.Servers.FirstOrDefault(server => server.OwnNameServers.Count > 0 && !server.OwnNameServers.SequenceEqual(it.NameServers)) is { } server
        ? new("ns_differ", $"{server.Name} ({server.Address}) gives {List(server.OwnNameServers)} as the name servers of '{it.Domain}', and '{it.Parent.ToAbsoluteString()}' gives {List(it.NameServers)}; make both the same.")
        : null;

    private static Diagnosis? Serials(Findings it) => it.Servers.Where(server => server.Serial != 0).Select(server => server.Serial).Distinct().Count() > 1
        ? new("serials_differ", $"The name servers of '{it.Domain}' have different versions of it ({string.Join(", ", it.Servers.Select(server => $"{server.Name} {server.Serial}"))}); if that stays so, look at the transfer between them.")
        : null;

    private static Diagnosis? Memory(Findings it) => it.Remembering is { } memory
        ? new("still_remembered", $"'{it.Domain}' is delegated as it should be, but the resolver {memory.Resolver} still remembers for {memory.Seconds} s that it was not; wait so long, or restart that resolver.")
        : null;

    private static string Wanted(Findings it) => it.Expected.Count > 0 ? $"{it.Expected[0]}." : "<the gateway's name server>";

    private static string Remembered(Findings it) => it.NegativeSeconds > 0 ? $"; resolvers that asked just now remember for up to {it.NegativeSeconds} s that it is not there" : "";

    private static string List(IEnumerable<DomainName> names) => string.Join(", ", names);

    private static string Machines(IEnumerable<ServerFinding> servers) => string.Join(", ", servers.Select(server => $"{server.Name} at {server.Address}").Distinct());
}
