using System.Collections.Frozen;
using Gateway.Model;
using Gateway.Model.Routes;
using Gateway.Router.Routing;

namespace Gateway.Router;

/// <summary>The routes of the operator's own file, which come before those of Redis. A file that cannot be used leaves the last good ones.</summary>
/// <param name="path">The file; empty: there are none.</param>
public sealed class StaticRoutes(string path)
{
    /// <summary>None.</summary>
    public static StaticRoutes None => new("");

    /// <summary>By host; empty before the first <see cref="Load"/>.</summary>
    internal FrozenDictionary<DomainName, Route> ByHost { get; private set; } = FrozenDictionary<DomainName, Route>.Empty;

    /// <summary>Reads the file again. All faults at once, and then nothing has changed; empty: its routes are the ones now.</summary>
    public IReadOnlyList<string> Load()
    {
        if (path.Length == 0) return [];
        var faults = new List<string>();
        try
        {
            var routes = RouteFile.Read(File.ReadAllBytes(path), faults);
            if (faults.Count == 0) ByHost = routes.ToFrozenDictionary(route => route.Host);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add($"it cannot be read: {e.Message}");
        }

        return faults.ConvertAll(fault => $"routes: {path}: {fault}");
    }
}
