using System.Net;
using System.Net.Sockets;

namespace Gateway.Cli.Waiting;

/// <summary>What this machine's resolver says a host's addresses are.</summary>
internal static class HostAddresses
{
    /// <summary>Empty when there are none, or nobody can say.</summary>
    public static async Task<IReadOnlyList<IPAddress>> OfAsync(string host, CancellationToken stop)
    {
        try
        {
            return await System.Net.Dns.GetHostAddressesAsync(host, stop);
        }
        catch (SocketException)
        {
            // The resolver's way to say no.
            return [];
        }
    }
}
