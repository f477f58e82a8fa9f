using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Gateway.Model;

namespace Gateway.Store.Child;

/// <summary>The directory of a private Redis: its lock, password, port and the trace of the last process.</summary>
internal sealed class StateDirectory(string path) : IDisposable
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerDirectory = OwnerFile | UnixFileMode.UserExecute;

    // 256 bits, as hexadecimal digits.
    private const int PasswordBytes = 32;

    // The kernel ends a killed process at once, unless a disk does not answer it.
    private static readonly TimeSpan KillDeadline = TimeSpan.FromSeconds(5);

    private FileStream? _lock;

    /// <summary>Absolute path.</summary>
    internal string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>Where redis-server writes its process number.</summary>
    internal string PidFile => In("redis.pid");

    private string PasswordFile => In("password");

    private string PortFile => In("port");

    /// <summary>Makes the directory where it is missing and takes its lock; otherwise one line that says why not.</summary>
    internal string? Open()
    {
        try
        {
            Directory.CreateDirectory(Path, OwnerDirectory);
            Write(In("writable"), "");
            File.Delete(In("writable"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"the state directory {Path} cannot be written ({e.Message}): make it writable for this user, or choose another";
        }

        return TakeLock();
    }

    /// <summary>Ends a redis-server that still serves this directory although we hold its lock.</summary>
    /// <param name="ended">Its process number; null when there was none.</param>
    /// <returns>Null when none is left; otherwise one line that says what to do.</returns>
    internal string? EndLeftover(out int? ended)
    {
        ended = null;
        if (!int.TryParse(ReadOrEmpty(PidFile), NumberStyles.None, CultureInfo.InvariantCulture, out var id) || !IsOurs(id)) return null;
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
            if (process.WaitForExit(KillDeadline)) ended = id;
            return ended is null ? $"redis-server (process {id}) still serves {Path} and does not end: end it, or choose another directory" : null;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // It ended by itself between the look and the blow.
            return null;
        }
        catch (Win32Exception e)
        {
            return $"redis-server (process {id}) still serves {Path} and cannot be ended ({e.Message}): end it, or choose another directory";
        }
    }

    /// <summary>The password of this directory; made at the first start.</summary>
    internal Secret Password()
    {
        var password = ReadOrEmpty(PasswordFile);
        if (password.Length == PasswordBytes * 2 && password.All(char.IsAsciiHexDigitLower)) return new Secret(password);
        password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(PasswordBytes));
        Write(PasswordFile, password);
        return new Secret(password);
    }

    /// <summary>The port to listen on: the wanted one, or for 0 the one of the last start when it is still free.</summary>
    internal string? ChoosePort(int wanted, out int port)
    {
        port = wanted;
        if (wanted != 0) return IsFree(wanted) ? null : $"port {wanted} of the private Redis is in use: stop the program that holds it, or choose another port (0: any free one)";
        if (int.TryParse(ReadOrEmpty(PortFile), NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and < 65536 && IsFree(port)) return null;
        port = AnyFree();
        Write(PortFile, port.ToString(CultureInfo.InvariantCulture));
        return null;
    }

    public void Dispose() => _lock?.Dispose();

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int AnyFree()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static string ReadOrEmpty(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static void Write(string file, string text)
    {
        using var stream = new FileStream(file, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerFile });
        File.SetUnixFileMode(stream.SafeFileHandle, OwnerFile);
        using var writer = new StreamWriter(stream);
        writer.Write(text);
    }

    // The number may belong to another process by now: redis-server works in its data directory, and hardly anybody else does.
    private bool IsOurs(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/comm").StartsWith("redis-server", StringComparison.Ordinal)
                && new FileInfo($"/proc/{id}/cwd").LinkTarget == Path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private string? TakeLock()
    {
        try
        {
            // FileShare.None is an flock(2) that the kernel drops with the process.
            _lock = new FileStream(In("lock"), new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.None, UnixCreateMode = OwnerFile });
            return null;
        }
        catch (IOException)
        {
            return $"another gatewayd uses the state directory {Path}: stop it, or give this one a directory of its own";
        }
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
