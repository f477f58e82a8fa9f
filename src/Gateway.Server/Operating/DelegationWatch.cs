using System.Collections.Concurrent;
using System.Threading.Channels;
using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Replies;
using Gateway.Transport.Questions;

namespace Gateway.Server.Operating;

/// <summary>Whether the world finds a zone's way here.</summary>
internal enum Delegation
{
    /// <summary>Nobody has been asked yet.</summary>
    Unknown,

    /// <summary>It leads to this gateway's name servers, and to no others.</summary>
    Here,

    /// <summary>Some of its name servers are others.</summary>
    Partly,

    /// <summary>It leads to other name servers.</summary>
    Elsewhere,

    /// <summary>Nobody delegates it.</summary>
    Missing,

    /// <summary>No resolver says anything about it: none is reachable, or the servers it leads to do not serve it.</summary>
    Unanswered,
}

/// <summary>
/// Asks the operator's resolvers how the zones that somebody looks at are delegated, beside those who look: a view never waits for
/// the DNS. What `gateway doctor` finds is more, and never from a cache.
/// </summary>
internal sealed class DelegationWatch(StubResolver resolver, IReadOnlyList<DomainName> nameServers, TimeProvider time)
{
    private const int AtOnce = 4;

    /* A page of zones; those that find no room are asked about when they are looked at again. */
    private const int MostWaiting = 256;

    /* What was asked about zones that nobody looks at any more goes with the rest. */
    private const int MostKept = 10_000;

    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);

    private readonly Channel<DomainName> _waiting = Channel.CreateBounded<DomainName>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentDictionary<DomainName, (Delegation State, long At)> _known = new();
    private int _version;

    /// <summary>Grows with every change of what is known.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>What is known of a zone; where that is old, it is asked for.</summary>
    public Delegation Of(DomainName zone)
    {
        var isKnown = _known.TryGetValue(zone, out var known);
        if (!isKnown || time.GetElapsedTime(known.At) > Fresh)
        {
            if (_known.Count >= MostKept) _known.Clear();
            // Asked for once, whoever else looks meanwhile.
            if (_waiting.Writer.TryWrite(zone)) _known[zone] = (known.State, time.GetTimestamp());
        }

        return known.State;
    }

    /// <summary>Asks until told to stop.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => AskAsync(stop)));

    /// <summary>What the name servers of a reply amount to; null: there was no reply.</summary>
    public static Delegation Judge(DnsReply? reply, DomainName zone, IReadOnlyList<DomainName> own)
    {
        if (reply is null || StubResolver.IsFault(reply)) return Delegation.Unanswered;
        var servers = reply.Answers.Where(record => record.Type == RecordType.Ns && record.Owner == zone).Select(record => record.Name).Distinct().ToList();
        if (servers.Count == 0) return Delegation.Missing;
        var ours = servers.Count(own.Contains);
        return ours == servers.Count ? Delegation.Here : ours == 0 ? Delegation.Elsewhere : Delegation.Partly;
    }

    private async Task AskAsync(CancellationToken stop)
    {
        await foreach (var zone in _waiting.Reader.ReadAllAsync(stop))
        {
            var state = Judge(await resolver.AskAsync(zone, RecordType.Ns, stop), zone, nameServers);
            var before = _known.TryGetValue(zone, out var known) ? known.State : Delegation.Unknown;
            _known[zone] = (state, time.GetTimestamp());
            if (state != before) Interlocked.Increment(ref _version);
        }
    }
}
