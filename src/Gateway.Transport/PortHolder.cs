using System.Globalization;

namespace Gateway.Transport;

/// <summary>Who holds a TCP or UDP port, as far as /proc lets us see: other users' processes show their files to root only.</summary>
public static class PortHolder
{
    // The state column of /proc/net/tcp for a listener (TCP_LISTEN), and of /proc/net/udp for a socket that takes from anybody.
    private const string Listen = "0A";
    private const string Unconnected = "07";
    private const int AddressColumn = 1;
    private const int StateColumn = 3;
    private const int InodeColumn = 9;

    /// <summary>The holder as `name (pid 123)`, or null when it cannot be seen.</summary>
    public static string? Find(int port, bool isUdp = false)
    {
        try
        {
            return Inode(port, isUdp) is { } inode ? Holder($"socket:[{inode}]") : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? Inode(int port, bool isUdp)
    {
        string[] tables = isUdp ? ["/proc/net/udp", "/proc/net/udp6"] : ["/proc/net/tcp", "/proc/net/tcp6"];
        var state = isUdp ? Unconnected : Listen;
        var suffix = ":" + port.ToString("X4", CultureInfo.InvariantCulture);
        foreach (var table in tables.Where(File.Exists))
            foreach (var line in File.ReadLines(table).Skip(1))
                if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: > InodeColumn } columns
                    && columns[StateColumn] == state && columns[AddressColumn].EndsWith(suffix, StringComparison.Ordinal))
                    return columns[InodeColumn];
        return null;
    }

    private static string? Holder(string link)
    {
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
            if (Holds(process, link))
                return $"{File.ReadAllText(Path.Combine(process, "comm")).Trim()} (pid {Path.GetFileName(process)})";
        return null;
    }

    private static bool Holds(string process, string link)
    {
        try
        {
            return Directory.EnumerateFiles(Path.Combine(process, "fd")).Any(fd => new FileInfo(fd).LinkTarget == link);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or belongs to somebody else.
            return false;
        }
    }
}
