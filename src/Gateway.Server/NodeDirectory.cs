using System.Diagnostics.CodeAnalysis;

namespace Gateway.Server;

/// <summary>The node's state directory: one process owns it at a time, and only the node's user can read it.</summary>
internal sealed class NodeDirectory : IDisposable
{
    private readonly FileStream _lock;

    private NodeDirectory(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    /// <summary>The directory's full path.</summary>
    public string Path { get; }

    /// <summary>Makes the directory when it is missing, proves that it can be written, and locks it.</summary>
    public static bool TryOpen(string path, [NotNullWhen(true)] out NodeDirectory? directory, out string fault)
    {
        directory = null;
        fault = "";
        var full = System.IO.Path.GetFullPath(path);
        try
        {
            if (!Directory.Exists(full)) Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var held = new FileStream(System.IO.Path.Combine(full, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            directory = new NodeDirectory(full, held);
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            fault = $"state: '{full}' cannot be written: give it to the user that runs gatewayd, or choose another with --state.";
        }
        catch (IOException e) when (Directory.Exists(full) && IsLocked(e))
        {
            fault = $"state: '{full}' is in use by another gatewayd: stop that one, or choose another directory with --state.";
        }
        catch (IOException e)
        {
            fault = $"state: '{full}' cannot be used: {e.Message} Choose another with --state.";
        }

        return false;
    }

    /// <summary>A file of the directory.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    // .NET locks with flock(2) and reports EWOULDBLOCK as a plain IOException with this errno.
    private static bool IsLocked(IOException e) => e.HResult == 11;
}
