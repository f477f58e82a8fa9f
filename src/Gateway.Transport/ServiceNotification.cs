using System.Collections;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Gateway.Transport;

/// <summary>
/// Tells systemd about the state of the daemon: one datagram each (sd_notify(3)). Silent when nobody listens.
/// </summary>
/// <param name="socketPath">The variable NOTIFY_SOCKET; a leading @ names the abstract namespace. Null: nobody listens.</param>
/// <param name="watchdog">Within which time systemd wants a sign of life (sd_watchdog_enabled(3)); null when it wants none.</param>
public sealed class ServiceNotification(string? socketPath, TimeSpan? watchdog = null)
{
    /// <summary>How often a sign of life is due: half the time that systemd waits. Null: never.</summary>
    public TimeSpan? WatchdogPeriod => watchdog / 2;

    /// <summary>Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.</summary>
    public static ServiceNotification From(IDictionary environment)
    {
        var ours = environment["WATCHDOG_PID"] is not string pid || pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var waits = ours && long.TryParse(environment["WATCHDOG_USEC"] as string, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) && microseconds > 0
            ? TimeSpan.FromMicroseconds(microseconds)
            : (TimeSpan?)null;
        return new ServiceNotification(environment["NOTIFY_SOCKET"] as string, waits);
    }

    /// <summary>The daemon serves what it should.</summary>
    public void Ready(string status) => Send($"READY=1\nSTATUS={OneLine(status)}");

    /// <summary>How it stands, for people.</summary>
    public void Status(string status) => Send($"STATUS={OneLine(status)}");

    /// <summary>What the daemon does now, in one line for `systemctl status`; with the sign of life that the watchdog waits for.</summary>
    public void Alive(string status) => Send($"STATUS={OneLine(status)}\nWATCHDOG=1");

    /// <summary>The configuration is being read again; <see cref="Ready"/> ends it.</summary>
    public void Reloading() => Send("RELOADING=1");

    /// <summary>The daemon has begun to stop.</summary>
    public void Stopping() => Send("STOPPING=1\nSTATUS=stopping");

    // A line break would begin another variable.
    private static string OneLine(string status) => status.ReplaceLineEndings(" ");

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
