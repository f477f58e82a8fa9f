using System.Net.Sockets;
using System.Text;

namespace Gateway.Transport;

/// <summary>Tells systemd about the state of the daemon: one datagram each (sd_notify(3)). Silent when nobody listens.</summary>
public sealed class ServiceNotification(string? socketPath)
{
    /// <summary>The daemon serves what it should.</summary>
    public void Ready(string status) => Send($"READY=1\nSTATUS={status}");

    /// <summary>How it stands, for people.</summary>
    public void Status(string status) => Send($"STATUS={status}");

    /// <summary>The daemon has begun to stop.</summary>
    public void Stopping() => Send("STOPPING=1");

    private void Send(string message)
    {
        if (string.IsNullOrEmpty(socketPath)) return;
        // A leading @ names the abstract namespace, whose addresses begin with NUL.
        var path = socketPath[0] == '@' ? "\0" + socketPath[1..] : socketPath;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.SendTo(Encoding.UTF8.GetBytes(message), new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException)
        {
            // The supervisor went away: there is nobody left to tell.
        }
    }
}
