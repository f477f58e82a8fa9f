using System.Net;
using System.Net.Sockets;
using Gateway.Model;
using Gateway.Model.Routes;
using Gateway.Router.Tunnelling;
using Gateway.Transport;

namespace Gateway.Router.Upstreams;

/// <summary>Finds the addresses of a host name.</summary>
internal delegate Task<IPAddress[]> Resolve(string host, CancellationToken stop);

/// <summary>
/// Opens connections to upstreams. Every address is checked at the moment of the dial, after resolving: a name that was harmless
/// when it was reserved may be pointed inward since.
/// </summary>
internal sealed class Dialer(DialGuard guard, Tunnels tunnels, TimeSpan timeout, TimeProvider time, Resolve? resolve = null)
{
    /// <summary>More addresses than this behind one name are a mistake or an attack.</summary>
    private const int MaxAddresses = 16;

    /// <summary>A session that ends between choosing and using it is replaced by another, so often at most.</summary>
    private const int MaxSessions = 3;

    // Nobody is dialled before the visitor has spoken, and a check speaks or hangs up.
    private static readonly ConnectOptions Visitors = new() { SpeaksFirst = true };

    /// <summary>Whose turn it is among several addresses.</summary>
    public UpstreamTurns Turns { get; } = new(time);

    private readonly Resolve _resolve = resolve ?? Dns.GetHostAddressesAsync;

    /// <summary>Reaches the target for one kind of traffic. Expected failures are values; only <paramref name="stop"/> throws.</summary>
    public ValueTask<DialOutcome> OpenAsync(Target target, Traffic traffic, CancellationToken stop) => target.Match(
        dial => DialAsync(dial, traffic, stop),
        tunnel => OpenTunnelAsync(tunnel, traffic, stop));

    /// <summary>Reaches the address of a target that <see cref="Turns"/> chose, and tells them whether it answered.</summary>
    public ValueTask<DialOutcome> OpenAtAsync(Target.Dial dial, int place, int port, CancellationToken stop) =>
        dial.More.Count == 0 ? DialOneAsync(dial.Address, port, dial.IsOperators, timeout, stop) : OpenInTurnAsync(dial, place, port, stop);

    private async ValueTask<DialOutcome> OpenInTurnAsync(Target.Dial dial, int place, int port, CancellationToken stop)
    {
        var address = dial.AddressAt(place);
        // One that does not answer leaves time for the others.
        var outcome = await DialOneAsync(address, port, dial.IsOperators, timeout / (1 + dial.More.Count), stop);
        if (outcome is DialOutcome.Open) Turns.Answered(address, port);
        else Turns.Failed(address, port);
        return outcome;
    }

    /// <summary>Reaches one address of a target, whoever's turn it is.</summary>
    public ValueTask<DialOutcome> OpenAddressAsync(string address, int port, bool isOperators, CancellationToken stop) =>
        DialOneAsync(address, port, isOperators, timeout, stop);

    /// <summary>Opens a stream of one session.</summary>
    public ValueTask<DialOutcome> OpenStreamAsync(TunnelSession session, CancellationToken stop)
    {
        session.Expect();
        return OpenExpectedAsync(session, stop);
    }

    private async ValueTask<DialOutcome> OpenExpectedAsync(TunnelSession session, CancellationToken stop)
    {
        using var deadline = new Deadline(timeout, time, stop);
        try
        {
            return await session.OpenExpectedAsync(deadline.Token) is { } stream
                ? new DialOutcome.Open(stream, session.Label) { Announces = session.Announces }
                : new DialOutcome.Failed(DialFault.NoTunnel, session.Label);
        }
        catch (OperationCanceledException) when (deadline.Passed && !stop.IsCancellationRequested)
        {
            return new DialOutcome.Failed(DialFault.TimedOut, session.Label);
        }
        catch (IOException)
        {
            return new DialOutcome.Failed(DialFault.NoTunnel, session.Label);
        }
    }

    private async ValueTask<DialOutcome> OpenTunnelAsync(Target.Tunnel tunnel, Traffic traffic, CancellationToken stop)
    {
        DialOutcome outcome = new DialOutcome.Failed(DialFault.NoTunnel, "tunnel");
        for (var attempt = 0; attempt < MaxSessions && outcome is DialOutcome.Failed { Fault: DialFault.NoTunnel }; attempt++)
        {
            if ((tunnels.Take(tunnel.Secret, traffic) ?? await TakeLaterAsync(tunnel.Secret, traffic, stop)) is not { } session) return outcome;
            // What is encrypted from end to end may go past the session, from kernel to kernel.
            if (traffic == Traffic.Tls && await session.TakeDirectAsync(stop) is { } direct) return new DialOutcome.Open(direct, session.Label + ", direct") { Announces = true };
            outcome = await OpenExpectedAsync(session, stop);
        }

        return outcome;
    }

    private async ValueTask<TunnelSession?> TakeLaterAsync(Secret secret, Traffic traffic, CancellationToken stop)
    {
        await tunnels.WaitAsync(secret, stop);
        return tunnels.Take(secret, traffic);
    }

    private async ValueTask<DialOutcome> DialAsync(Target.Dial dial, Traffic traffic, CancellationToken stop)
    {
        var port = traffic == Traffic.Tls ? dial.TlsPort : dial.HttpPort;
        if (port == 0) return new DialOutcome.Failed(DialFault.NotServed, $"{dial.Address}:0");
        if (dial.More.Count == 0) return await DialOneAsync(dial.Address, port, dial.IsOperators, timeout, stop);
        DialOutcome outcome = new DialOutcome.Failed(DialFault.Refused, dial.Address);
        var tried = 0u;
        while (outcome is DialOutcome.Failed && Turns.Next(dial, port, tried) is var place and >= 0)
        {
            outcome = await OpenInTurnAsync(dial, place, port, stop);
            tried |= 1u << place;
        }

        return outcome;
    }

    private async ValueTask<DialOutcome> DialOneAsync(string address, int port, bool isOperators, TimeSpan bound, CancellationToken stop)
    {
        if (!UpstreamHost.TryParse(address, out var host)) return new DialOutcome.Failed(DialFault.Forbidden, $"{address}:{port}");
        if (host is UpstreamHost.Literal literal) return await TryAsync(new IPEndPoint(literal.Address, port), isOperators, bound, stop);
        var label = $"{address}:{port}";
        using var deadline = new Deadline(bound, time, stop);
        try
        {
            var addresses = await AddressesAsync(((UpstreamHost.Name)host).Host, deadline.Token);
            return await TryInTurnAsync(addresses, port, isOperators, label, bound, deadline.Token);
        }
        catch (OperationCanceledException) when (deadline.Passed && !stop.IsCancellationRequested)
        {
            return new DialOutcome.Failed(DialFault.TimedOut, label);
        }
    }

    private async ValueTask<IPAddress[]> AddressesAsync(DomainName name, CancellationToken stop)
    {
        try
        {
            // The absolute form keeps the resolver's search list out of it. The system's resolver cannot be interrupted, so we stop waiting.
            return await _resolve(name.ToAbsoluteString(), stop).WaitAsync(stop);
        }
        catch (SocketException)
        {
            return [];
        }
    }

    private async ValueTask<DialOutcome> TryInTurnAsync(IPAddress[] addresses, int port, bool isOperators, string label, TimeSpan bound, CancellationToken stop)
    {
        var allowed = addresses.Take(MaxAddresses).Select(address => new IPEndPoint(address, port)).Where(to => guard.Allows(to, isOperators)).ToArray();
        var fault = addresses.Length == 0 ? DialFault.Unresolved : DialFault.Forbidden;
        foreach (var address in allowed)
        {
            // An address that does not answer must leave time for those after it.
            var outcome = await TryAsync(address, isOperators, bound / allowed.Length, stop);
            if (outcome is not DialOutcome.Failed failed) return outcome;
            fault = failed.Fault;
        }

        return new DialOutcome.Failed(fault, label);
    }

    /// <summary>Dials one address, if the policy allows it now.</summary>
    private async ValueTask<DialOutcome> TryAsync(IPEndPoint to, bool isOperators, TimeSpan bound, CancellationToken stop)
    {
        if (!guard.Allows(to, isOperators)) return new DialOutcome.Failed(DialFault.Forbidden, to);
        try
        {
            return new DialOutcome.Open(await SocketDuplex.ConnectAsync(to, Visitors, bound, time, stop), to);
        }
        catch (IOException)
        {
            return new DialOutcome.Failed(DialFault.Refused, to);
        }
        catch (TimeoutException)
        {
            return new DialOutcome.Failed(DialFault.TimedOut, to);
        }
    }
}
