using System.Net;
using Gateway.Model.Routes;
using Gateway.Router.Routing;
using Gateway.Router.Sniff;
using Gateway.Router.Upstreams;
using Gateway.Transport;
using Gateway.Transport.Handshakes;
using Gateway.Transport.ProxyProtocol;
using Microsoft.Extensions.Logging;

namespace Gateway.Router;

/// <summary>What all visits to the TLS port share.</summary>
internal sealed record VisitHouse(
    RouteTable Routes, Dialer Dialer, AddressBudget Visitors, AddressBudget Hellos, HostTraffic Traffic, RouterOptions Options, RouterMetrics Metrics, VisitorIds Ids, TimeProvider Time, ILogger Log);

/// <summary>The story of one TLS connection: hear which host it wants, find the route, reach the upstream, relay.</summary>
internal sealed class Visit(VisitHouse house, TrustedProxies proxies, SocketDuplex visitor)
{
    /* On two busy cores the slowest of 64 talkers waits as long as at HAProxy then. With 64 a fifth of the CPU is saved, and he waits a third longer. */
    private const int PiecesTogether = 2;

    private readonly string _id = house.Ids.Next();
    private readonly long _began = house.Time.GetTimestamp();
    private EndPoint? _client;
    private string _host = "";
    private object _upstream = "";
    private bool _isSeated;
    private RelayResult _carried;

    /// <summary>Runs to the end of the connection and tells it in one line. It owns both ends.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await using var owned = visitor;
        _client = visitor.Remote;
        house.Metrics.VisitBegan();
        var span = VisitTrace.BeginTls(_id);
        var end = VisitEnd.Stopped;
        try
        {
            end = await ServeAsync(stop);
        }
        catch (IOException)
        {
            end = VisitEnd.Left;
        }
        finally
        {
            if (_isSeated) house.Visitors.Give(_client, 1);
            house.Metrics.VisitEnded(end);
            VisitTrace.EndTls(span, _host, _upstream, end, _carried.ToUpstream, _carried.ToVisitor);
            var elapsed = (long)house.Time.GetElapsedTime(_began).TotalMilliseconds;
            RouterLog.VisitEnded(house.Log, _id, _client, _host, _upstream, end, elapsed, _carried.ToUpstream, _carried.ToVisitor);
        }
    }

    private async Task<VisitEnd> ServeAsync(CancellationToken stop)
    {
        using var peek = new HelloPeek(visitor, house.Hellos);
        var began = house.Time.GetTimestamp();
        var (heard, failed) = await ListenAsync(peek, stop);
        house.Metrics.Sniffed(house.Time.GetElapsedTime(began));
        if (failed is { } end) return end;
        if (heard is not (SniffResult.Found or SniffResult.NoName)) return await TurnAwayAsync(visitor, peek, heard, stop);

        var route = heard == SniffResult.Found ? house.Routes.Find(peek.Host) : house.Routes.FindCatchAll();
        _host = heard == SniffResult.Found ? peek.Host.ToString() : "";
        if (route is null) return await SayAsync(visitor, TlsAlert.UnrecognizedName, VisitEnd.NoRoute, stop);
        if (route.Route.Rules.IsFrozen) return await SayAsync(visitor, TlsAlert.UnrecognizedName, VisitEnd.Frozen, stop);

        var outcome = await house.Dialer.OpenAsync(route.Route.Target, Traffic.Tls, stop);
        _upstream = outcome.Name;
        if (outcome is DialOutcome.Failed refused) return await ExplainAsync(visitor, refused.Fault, stop);

        var open = (DialOutcome.Open)outcome;
        await using var upstream = open.Upstream;
        if (route.Gone.IsCancellationRequested) return VisitEnd.Deleted;
        var traffic = house.Traffic.Of(route.Route.Host);
        traffic.Begin();
        try
        {
            // The relay notices that one of its ends was reset, and resets the other.
            using var cut = route.Gone.UnsafeRegister(static visitor => ((Duplex)visitor!).Reset(), visitor);
            _carried = await Relay.RunAsync(visitor, Opening(open, route.Route.Rules, visitor, peek), upstream, Bounds(route.Route.Rules, open, traffic, peek), stop);
            return VisitEnds.Of(_carried.End, route.Gone);
        }
        finally
        {
            traffic.End();
        }
    }

    /// <summary>What the visitor's first bytes say, or why they could not be heard.</summary>
    private ValueTask<(SniffResult Heard, VisitEnd? Failed)> ListenAsync(HelloPeek peek, CancellationToken stop)
    {
        if (proxies.Trusts(visitor.Remote)) return WaitForProxyAsync(peek, stop);
        if (!TrySit()) return ValueTask.FromResult((default(SniffResult), (VisitEnd?)VisitEnd.Crowded));
        return peek.TryReadAtOnce(out var heard) ? ValueTask.FromResult((heard, (VisitEnd?)null)) : WaitForHelloAsync(peek, stop);
    }

    private bool TrySit() => _isSeated = house.Visitors.TryTake(_client, 1);

    private async ValueTask<(SniffResult Heard, VisitEnd? Failed)> WaitForProxyAsync(HelloPeek peek, CancellationToken stop)
    {
        using var deadline = new Deadline(house.Options.HelloTimeout, house.Time, stop);
        try
        {
            if (!await peek.ReadProxyHeaderAsync(deadline.Token)) return (default, VisitEnd.NoProxyHeader);
            _client = peek.Proxied.Source ?? _client;
            return TrySit() ? (await peek.ReadAsync(deadline.Token), null) : (default, VisitEnd.Crowded);
        }
        catch (OperationCanceledException) when (deadline.Passed)
        {
            return (default, VisitEnd.TooSlow);
        }
    }

    private async ValueTask<(SniffResult Heard, VisitEnd? Failed)> WaitForHelloAsync(HelloPeek peek, CancellationToken stop)
    {
        using var deadline = new Deadline(house.Options.HelloTimeout, house.Time, stop);
        try
        {
            return (await peek.ReadAsync(deadline.Token), null);
        }
        catch (OperationCanceledException) when (deadline.Passed)
        {
            return (default, VisitEnd.TooSlow);
        }
    }

    /// <summary>What the upstream reads first: the hello, and before it the visitor's address where the route or the tunnel asks for that.</summary>
    private ReadOnlyMemory<byte> Opening(DialOutcome.Open open, RouteRules rules, SocketDuplex visitor, HelloPeek peek)
    {
        if (rules.ProxyProtocol == 0 && !open.Announces) return peek.Replay();
        var header = new ProxyHeader(_client as IPEndPoint, peek.Proxied.Destination ?? visitor.Local);
        byte[] announced = open.Announces ? new VisitorHeader(header, _host, IsTls: true, _id).Write() : [];
        byte[] opening = [.. announced, .. header.Write((ProxyVersion)rules.ProxyProtocol, _host, _id), .. peek.Replay().Span];
        peek.Dispose();
        return opening;
    }

    // In a tunnel every piece costs both its ends, and CPU counts; of an upstream's answers it is the slowest that visitors remember.
    private RelayOptions Bounds(RouteRules rules, DialOutcome.Open open, HostCount traffic, HelloPeek peek) => new()
    {
        HeldBy = peek,
        Count = traffic.Tls,
        Idle = house.Options.IdleOf(rules),
        Stall = house.Options.StallOf(rules),
        PiecesTogether = open.Announces ? RelayOptions.Default.PiecesTogether : PiecesTogether,
        Time = house.Time,
    };

    private ValueTask<VisitEnd> TurnAwayAsync(Duplex visitor, HelloPeek peek, SniffResult heard, CancellationToken stop) => heard switch
    {
        SniffResult.NotTls when PlainHttp.IsRequest(peek.Bytes.Span) => SayAsync(visitor, PlainHttp.Answer, VisitEnd.PlainHttp, stop),
        SniffResult.NotTls => ValueTask.FromResult(VisitEnd.NotTls),
        SniffResult.Malformed => SayAsync(visitor, TlsAlert.DecodeError, VisitEnd.Malformed, stop),
        _ => ValueTask.FromResult(VisitEnd.Left),
    };

    private ValueTask<VisitEnd> ExplainAsync(Duplex visitor, DialFault fault, CancellationToken stop) =>
        SayAsync(visitor, fault == DialFault.NotServed ? TlsAlert.UnrecognizedName : TlsAlert.InternalError, VisitEnds.Of(fault), stop);

    private async ValueTask<VisitEnd> SayAsync(Duplex visitor, ReadOnlyMemory<byte> words, VisitEnd end, CancellationToken stop)
    {
        await Farewell.SayAsync(visitor, words, house.Time, stop);
        return end;
    }
}
