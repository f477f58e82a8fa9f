using System.Net;
using System.Net.Sockets;
using Gateway.Transport;

namespace Gateway.Cli.Expose;

/// <summary>Dials a host and port: every address of the name in turn, resolved anew each time.</summary>
internal sealed class Dialer(TimeSpan timeout, TimeProvider time)
{
    private static readonly IPAddress[] Loopback = [IPAddress.Loopback, IPAddress.IPv6Loopback];

    /// <summary>The first address that answers.</summary>
    /// <exception cref="IOException">The name does not resolve, or none of its addresses answers.</exception>
    public Task<SocketDuplex> DialAsync(HostPort to, CancellationToken stop) => DialAsync(to, ConnectOptions.Default, stop);

    /// <summary>The same, in a way of its own.</summary>
    /// <exception cref="IOException">The name does not resolve, or none of its addresses answers.</exception>
    public async Task<SocketDuplex> DialAsync(HostPort to, ConnectOptions options, CancellationToken stop)
    {
        IOException? last = null;
        foreach (var address in await ResolveAsync(to.Host, stop))
        {
            try
            {
                return await DialAsync(new IPEndPoint(address, to.Port), options, stop);
            }
            catch (IOException e)
            {
                last = e;
            }
        }
        throw last ?? new IOException($"{to.Host} has no address");
    }

    private async Task<SocketDuplex> DialAsync(IPEndPoint to, ConnectOptions options, CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            return await SocketDuplex.ConnectAsync(to, options, either.Token);
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
            return await Dns.GetHostAddressesAsync(host, stop).WaitAsync(timeout, time, stop);
        }
        catch (Exception e) when (e is SocketException or TimeoutException)
        {
            throw new IOException($"{host} does not resolve", e);
        }
    }
}
