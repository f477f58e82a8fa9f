using Gateway.Model;
using Gateway.Model.Routes;
using Microsoft.Extensions.Logging;

namespace Gateway.Router;

/// <summary>
/// Tells what became of routes in one look, at its end: few have a line each; of many at once, as when a node starts, there is one line
/// for all, and a line each for whoever debugs.
/// </summary>
internal sealed class RouteNews(ILogger log) : IDisposable
{
    /// <summary>Routes that have a line each.</summary>
    private const int Few = 20;

    private readonly List<(DomainName Host, Target? Target)> _few = [];
    private int _changed;
    private int _deleted;

    /// <summary>A host has a new route.</summary>
    public void Changed(Route route)
    {
        _changed++;
        Note(route.Host, route.Target);
    }

    /// <summary>A host has no route any more.</summary>
    public void Deleted(DomainName host)
    {
        _deleted++;
        Note(host, null);
    }

    /// <summary>Tells it, also of a look that was cut short.</summary>
    public void Dispose()
    {
        if (_changed + _deleted <= Few) Tell(LogLevel.Information);
        else RouterLog.ManyRoutes(log, _changed, _deleted);
    }

    // What is too much for a line each was told by then.
    private void Note(DomainName host, Target? target)
    {
        _few.Add((host, target));
        if (_changed + _deleted > Few) Tell(LogLevel.Debug);
    }

    private void Tell(LogLevel level)
    {
        foreach (var (host, target) in log.IsEnabled(level) ? _few : [])
        {
            var (name, upstream) = (host.ToString(), target is null ? null : Describe(target));
            if (upstream is null) RouterLog.RouteDeleted(log, level, name);
            else RouterLog.RouteChanged(log, level, name, upstream);
        }

        _few.Clear();
    }

    private static string Describe(Target target) =>
        target.Match(dial => $"{dial.Address}, HTTP port {dial.HttpPort}, TLS port {dial.TlsPort}", _ => "a tunnel");
}
