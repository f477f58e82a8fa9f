using System.Net;
using Gateway.Model;

namespace Gateway.Cli.Doctor;

/// <summary>What the parent's servers say of a domain.</summary>
internal enum ParentWord
{
    /// <summary>They delegate it.</summary>
    Delegates,

    /// <summary>They say that the name does not exist.</summary>
    DoesNotExist,

    /// <summary>The name exists there, without a delegation.</summary>
    NotDelegated,

    /// <summary>The name is an alias there.</summary>
    Alias,

    /// <summary>None of them answers.</summary>
    Silent,

    /// <summary>They answer with an error.</summary>
    Failing,
}

/// <summary>How one address of a name server serves a domain.</summary>
internal enum Standing
{
    /// <summary>With authority.</summary>
    Good,

    /// <summary>It refuses the domain.</summary>
    Refused,

    /// <summary>It fails.</summary>
    Fails,

    /// <summary>It answers without authority, or knows nothing of the domain.</summary>
    NotAuthoritative,

    /// <summary>It says nothing.</summary>
    Silent,

    /// <summary>This machine cannot ask it.</summary>
    NotAsked,
}

/// <summary>One address of a name server.</summary>
internal sealed record ServerFinding(DomainName Name, IPAddress Address, Standing Udp, Standing Tcp, uint Serial, IReadOnlyList<DomainName> OwnNameServers);

/// <summary>Everything that was found out about a domain, for <see cref="Diagnosis"/>.</summary>
internal sealed record Findings(DomainName Domain, DomainName Parent, ParentWord Word)
{
    /// <summary>How long resolvers remember that the name does not exist, in seconds.</summary>
    public uint NegativeSeconds { get; init; }

    /// <summary>The name servers that the parent gives.</summary>
    public IReadOnlyList<DomainName> NameServers { get; init; } = [];

    /// <summary>Parent's servers that give another delegation, or none.</summary>
    public IReadOnlyList<IPAddress> Dissenting { get; init; } = [];

    /// <summary>The addresses that the parent gives beside the delegation.</summary>
    public IReadOnlyDictionary<DomainName, IReadOnlyList<IPAddress>> Glue { get; init; } = new Dictionary<DomainName, IReadOnlyList<IPAddress>>();

    /// <summary>Name servers without any address.</summary>
    public IReadOnlyList<DomainName> Addressless { get; init; } = [];

    /// <summary>Name servers that are aliases, which RFC 2181 section 10.3 forbids.</summary>
    public IReadOnlyList<DomainName> Aliases { get; init; } = [];

    /// <summary>Each address of each name server.</summary>
    public IReadOnlyList<ServerFinding> Servers { get; init; } = [];

    /// <summary>The addresses of name servers below the domain, as its own servers give them.</summary>
    public IReadOnlyDictionary<DomainName, IReadOnlyList<IPAddress>> OwnAddresses { get; init; } = new Dictionary<DomainName, IReadOnlyList<IPAddress>>();

    /// <summary>True when the domain itself is an alias on its own servers.</summary>
    public bool ApexIsAlias { get; init; }

    /// <summary>True when a CAA record set is there that lets nobody issue certificates.</summary>
    public bool CaaForbids { get; init; }

    /// <summary>The RDATA of the DS records that the parent has.</summary>
    public IReadOnlyList<byte[]> Signers { get; init; } = [];

    /// <summary>The RDATA of the DNSKEY records that the domain's servers have.</summary>
    public IReadOnlyList<byte[]> Keys { get; init; } = [];

    /// <summary>A resolver that remembers the time before the delegation; null: none of those that were asked.</summary>
    public Recollection? Remembering { get; init; }

    /// <summary>The gateway's name servers; empty when nobody said which.</summary>
    public IReadOnlyList<DomainName> Expected { get; init; } = [];
}
