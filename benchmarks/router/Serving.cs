using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Gateway.Model;
using Gateway.Model.Routes;
using Gateway.Router;
using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.RouterBenchmark;

/// <summary>Our router as a process of its own, with two routes and no Redis: they come from a last-known-good file.</summary>
internal static class Serving
{
    public static async Task RunAsync(IPEndPoint tls, IPEndPoint http, int backend, int httpBackend, string directory)
    {
        var file = new LastKnownGood(Path.Combine(directory, "routes.lkg"), NullLogger.Instance);
        await file.SaveAsync([Stored("*.bench", 0, backend), Stored("web.bench", httpBackend, 0)], CancellationToken.None);
        using var routes = new RouteFeed(null, file, TimeProvider.System, NullLogger<RouteFeed>.Instance);
        routes.Restore();
        var options = new RouterOptions { TlsListen = [tls], HttpListen = [http], TunnelListen = [], AllowedNetworks = [IPNetwork.Parse("127.0.0.0/8")] };
        await using var router = new TcpRouter(options, routes, TimeProvider.System, NullLoggerFactory.Instance);
        if (router.Bind() is { Count: > 0 } faults) throw new InvalidOperationException(string.Join(' ', faults));
        using var stop = new CancellationTokenSource();
        using var told = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            stop.Cancel();
        });
        await router.RunAsync(stop.Token);
    }

    private static StoredValue Stored(string host, int httpPort, int tlsPort)
    {
        var (key, value) = RedisSchema.EncodeService(new Route(DomainName.Parse(host), new Target.Dial("127.0.0.1", httpPort, tlsPort), ""));
        return new StoredValue(key, null, Encoding.UTF8.GetBytes(value));
    }
}
