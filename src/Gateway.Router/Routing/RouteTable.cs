using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Gateway.Model;
using Gateway.Model.Routes;

namespace Gateway.Router.Routing;

/// <summary>
/// Which route a name takes: its own, else that of the closest wildcard above it, else that of the wildcard of the root (`*`),
/// the catch-all. A wildcard covers any number of labels. Concurrent: readers never wait, and one change among 100,000
/// hosts touches one entry.
/// </summary>
internal sealed class RouteTable
{
    private readonly ConcurrentDictionary<DomainName, Entry> _exact = new();

    /// <summary>By the name below which they apply.</summary>
    private readonly ConcurrentDictionary<DomainName, Entry> _wildcards = new();

    /// <summary>Those that want health checks.</summary>
    private readonly ConcurrentDictionary<DomainName, Route> _checked = new();

    private readonly KnownSecrets _secrets = new();
    private readonly Lock _writing = new();
    private long _lastId;

    /// <summary>How many routes there are.</summary>
    public int Count => _exact.Count + _wildcards.Count;

    /// <summary>All routes; those that change meanwhile may show either version.</summary>
    public IEnumerable<Route> Routes => _exact.Values.Concat(_wildcards.Values).Select(entry => entry.Live.Route);

    /// <summary>The routes whose upstreams want to be asked whether they are well.</summary>
    public IEnumerable<Route> Checked => _checked.Values;

    /// <summary>The route of a host name; null when nobody has it.</summary>
    public LiveRoute? Find(DomainName host)
    {
        if (_exact.TryGetValue(host, out var own)) return own.Live;
        if (_wildcards.IsEmpty) return null;
        for (var above = host.Parent; ; above = above.Parent)
        {
            if (_wildcards.TryGetValue(above, out var wildcard)) return wildcard.Live;
            if (above.IsRoot) return null;
        }
    }

    /// <summary>The route of a visitor who names no host.</summary>
    public LiveRoute? FindCatchAll() => _wildcards.TryGetValue(DomainName.Root, out var entry) ? entry.Live : null;

    /// <summary>The route that stands under exactly this name.</summary>
    public bool TryGet(DomainName host, [NotNullWhen(true)] out Route? route)
    {
        route = MapOf(host, out var key).TryGetValue(key, out var entry) ? entry.Live.Route : null;
        return route is not null;
    }

    /// <summary>True when a route names this secret; <paramref name="naming"/> tells when none does any more.</summary>
    public bool Knows(Secret secret, [NotNullWhen(true)] out SecretNaming? naming) => _secrets.TryGet(secret, out naming);

    /// <summary>A client of this tunnel is gone.</summary>
    public void NoteLeft(Secret secret) => _secrets.NoteLeft(secret);

    /// <summary>A client of this tunnel has come. True when it takes the place of one that is gone.</summary>
    public bool NoteCame(Secret secret) => _secrets.NoteCame(secret);

    /// <summary>Adds a route or replaces the host's; running connections go on, unless it is frozen now. False when it stood so already.</summary>
    public bool Put(Route route)
    {
        lock (_writing)
        {
            var map = MapOf(route.Host, out var key);
            map.TryGetValue(key, out var old);
            if (old?.Live.Route == route) return false;
            var isCut = route.Rules.IsFrozen && old is { Live.Route.Rules.IsFrozen: false };
            var gone = old is null || isCut ? new CancellationTokenSource() : old.Gone;
            // The new secret first: a tunnel that both versions name must not be cut in between.
            if (route.Target is Target.Tunnel tunnel) _secrets.Add(tunnel.Secret);
            map[key] = new Entry(new LiveRoute(++_lastId, route, gone.Token), gone);
            if (isCut) old!.Gone.Cancel();
            if (route.Rules is { HealthCheck.Length: > 0, IsFrozen: false }) _checked[route.Host] = route;
            else _checked.TryRemove(route.Host, out _);
            Forget(old, isChange: !isCut);
            return true;
        }
    }

    /// <summary>Deletes the host's route and cuts its running connections. False when there was none.</summary>
    public bool Remove(DomainName host)
    {
        lock (_writing)
        {
            if (!MapOf(host, out var key).TryRemove(key, out var old)) return false;
            _checked.TryRemove(host, out _);
            old.Gone.Cancel();
            Forget(old, isChange: false);
            return true;
        }
    }

    private void Forget(Entry? old, bool isChange)
    {
        if (old?.Live.Route.Target is Target.Tunnel tunnel) _secrets.Remove(tunnel.Secret, isChange);
    }

    private ConcurrentDictionary<DomainName, Entry> MapOf(DomainName host, out DomainName key)
    {
        key = host.IsWildcard ? host.Parent : host;
        return host.IsWildcard ? _wildcards : _exact;
    }

    private sealed record Entry(LiveRoute Live, CancellationTokenSource Gone);
}
