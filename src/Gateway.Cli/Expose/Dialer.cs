using System.Net;
using System.Net.Sockets;
using Gateway.Transport;

namespace Gateway.Cli.Expose;

/// <summary>Finds the addresses of a host name, the preferred first; a <see cref="SocketException"/> when there are none.</summary>
internal delegate Task<IPAddress[]> Resolve(string host, CancellationToken stop);

/// <summary>Connects to one address; an <see cref="IOException"/> when it refuses or is out of reach.</summary>
internal delegate ValueTask<SocketDuplex> Connect(IPEndPoint to, ConnectOptions options, CancellationToken stop);

/// <summary>Dials a host and port: the addresses of the name, resolved anew each time, race for the connection (<see cref="AddressRace{T}"/>).</summary>
/// <param name="timeout">How long the resolver may take, and each address.</param>
/// <param name="time">Clock.</param>
/// <param name="resolve">The system's resolver, unless a test has its own.</param>
/// <param name="connect">The kernel, unless a test has its own.</param>
internal sealed class Dialer(TimeSpan timeout, TimeProvider time, Resolve? resolve = null, Connect? connect = null)
{
    private static readonly IPAddress[] Loopback = [IPAddress.Loopback, IPAddress.IPv6Loopback];

    private readonly Resolve _resolve = resolve ?? Dns.GetHostAddressesAsync;
    private readonly Connect _connect = connect ?? SocketDuplex.ConnectAsync;

    /// <summary>The first address that answers.</summary>
    /// <exception cref="IOException">The name does not resolve, or none of its addresses answers.</exception>
    public Task<SocketDuplex> DialAsync(HostPort to, CancellationToken stop) => DialAsync(to, ConnectOptions.Default, stop);

    /// <summary>The same, in a way of its own.</summary>
    /// <exception cref="IOException">The name does not resolve, or none of its addresses answers.</exception>
    public async Task<SocketDuplex> DialAsync(HostPort to, ConnectOptions options, CancellationToken stop)
    {
        var addresses = await ResolveAsync(to.Host, stop);
        var race = new AddressRace<SocketDuplex>((address, over) => DialAsync(new IPEndPoint(address, to.Port), options, over), time);
        return addresses.Length > 0 ? await race.RunAsync(addresses, stop) : throw new IOException($"{to.Host} has no address");
    }

    private async Task<SocketDuplex> DialAsync(IPEndPoint to, ConnectOptions options, CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            return await _connect(to, options, either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new IOException($"{to}: no answer within {timeout.TotalSeconds:0.#} s");
        }
    }

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken stop)
    {
        if (IPAddress.TryParse(host, out var literal)) return [literal];
        // RFC 6761 section 6.3: localhost is loopback, and asking a resolver for every visitor would cost more than the dial.
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase)) return Loopback;
        try
        {
            return await _resolve(host, stop).WaitAsync(timeout, time, stop);
        }
        catch (Exception e) when (e is SocketException or TimeoutException)
        {
            throw new IOException($"{host} does not resolve", e);
        }
    }
}
