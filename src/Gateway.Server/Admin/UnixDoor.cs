using System.Net.Sockets;

namespace Gateway.Server.Admin;

/// <summary>The Unix socket of the admin listener: a file that only the node's user can open, gone when the node is.</summary>
internal sealed class UnixDoor(string path) : IDisposable
{
    private Socket? _listener;

    /// <summary>Where it is.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>Bound, and not listening yet.</summary>
    public Socket Listener => _listener!;

    /// <summary>Binds. A file that nobody listens to was left by a node that was killed, and is replaced. The fault is one line; null when all is well.</summary>
    public string? Open()
    {
        if (IsAnswered()) return $"admin_socket: another process listens at '{Path}': give each process its own.";
        if (new FileInfo(Path) is { Exists: true, Length: > 0 }) return $"admin_socket: '{Path}' is a file with something in it: name another path.";
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            File.Delete(Path);
            listener.Bind(new UnixDomainSocketEndPoint(Path));
            // Before it listens, so that nobody else was ever let in.
            File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            _listener = listener;
            return null;
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            listener.Dispose();
            return $"admin_socket: '{Path}' cannot be made: {e.Message}";
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_listener is null) return;
        _listener.Dispose();
        File.Delete(Path);
    }

    private bool IsAnswered()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(Path));
            return true;
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            return false;
        }
    }
}
