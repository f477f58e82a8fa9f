using System.Collections.Concurrent;
using Gateway.Model;
using Gateway.Transport;

namespace Gateway.Router;

/// <summary>
/// What visitors of each route have moved since the node started, for its operator. Metrics have no host names; this has, and so
/// it is bounded: who comes when it is full is counted together with all others of whom that is true.
/// </summary>
public sealed class HostTraffic
{
    /* More than an operator looks at; some hundred kilobytes. */
    private const int Most = 2_000;

    private readonly ConcurrentDictionary<DomainName, HostCount> _hosts = new();

    /// <summary>Counts nothing yet.</summary>
    public HostTraffic() => Others = new HostCount(this);

    /// <summary>What TLS connections of all hosts moved since the start, the hosts included that are forgotten.</summary>
    public ByteCount Tls { get; } = new();

    /// <summary>The same of HTTP requests and their answers, heads included, as upstreams see them.</summary>
    public ByteCount Http { get; } = new();

    /// <summary>Both, in both directions.</summary>
    public long Bytes => Tls.Value + Http.Value;

    /// <summary>The routes that somebody visited, by the host of the route.</summary>
    public IEnumerable<KeyValuePair<DomainName, HostCount>> Hosts => _hosts;

    /// <summary>All who found no room.</summary>
    public HostCount Others { get; }

    /// <summary>The counter of a route.</summary>
    /// <param name="host">The route's host, which may be a wildcard.</param>
    public HostCount Of(DomainName host)
    {
        if (_hosts.TryGetValue(host, out var count)) return count;
        return _hosts.Count < Most ? _hosts.GetOrAdd(host, static (_, house) => new HostCount(house), this) : Others;
    }

    /// <summary>Makes room: nobody has visited this host for long. One who comes at this very moment may not be counted.</summary>
    public void Forget(DomainName host) => _hosts.TryRemove(host, out _);
}

/// <summary>The counter of one route. Safe for any thread.</summary>
/// <param name="house">What is counted here is counted there as well.</param>
public sealed class HostCount(HostTraffic house)
{
    private long _visits;
    private int _present;

    /// <summary>What TLS connections move, counted while it moves.</summary>
    public ByteCount Tls { get; } = new(house.Tls);

    /// <summary>What HTTP requests and their answers move, counted while it moves.</summary>
    public ByteCount Http { get; } = new(house.Http);

    /// <summary>Bytes of both, in both directions.</summary>
    public long Bytes => Tls.Value + Http.Value;

    /// <summary>TLS connections and HTTP requests that began.</summary>
    public long Visits => Interlocked.Read(ref _visits);

    /// <summary>Those that go on now.</summary>
    public int Present => Volatile.Read(ref _present);

    internal void Begin()
    {
        Interlocked.Increment(ref _visits);
        Interlocked.Increment(ref _present);
    }

    internal void End() => Interlocked.Decrement(ref _present);
}
