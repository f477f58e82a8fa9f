using System.Globalization;
using System.Net;

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

    /// <summary>Who stands in the way of a listener there, as `name (pid 123)`, or null when it cannot be seen.</summary>
    public static string? Find(IPEndPoint wanted, bool isUdp = false)
    {
        try
        {
            return Inode(wanted, isUdp) is { } inode ? Holder($"socket:[{inode}]") : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The inode of the socket that listens there, or at every address of its port.</summary>
    internal static string? Inode(IPEndPoint wanted, bool isUdp)
    {
        string[] tables = isUdp ? ["/proc/net/udp", "/proc/net/udp6"] : ["/proc/net/tcp", "/proc/net/tcp6"];
        var state = isUdp ? Unconnected : Listen;
        foreach (var table in tables.Where(File.Exists))
            foreach (var line in File.ReadLines(table).Skip(1))
                if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: > InodeColumn } columns
                    && columns[StateColumn] == state && IsInTheWay(Read(columns[AddressColumn]), wanted))
                    return columns[InodeColumn];
        return null;
    }

    private static bool IsInTheWay(IPEndPoint held, IPEndPoint wanted)
    {
        if (held.Port != wanted.Port) return false;
        // One at every IPv6 address may have every IPv4 address too.
        if (held.Address.Equals(IPAddress.IPv6Any) || held.Address.Equals(wanted.Address)) return true;
        return held.AddressFamily == wanted.AddressFamily && (IsEverywhere(held.Address) || IsEverywhere(wanted.Address));
    }

    private static bool IsEverywhere(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    // 0100007F:1F90 is 127.0.0.1:8080: the address in words of the machine's own order, the port as one reads it.
    private static IPEndPoint Read(string column)
    {
        var bytes = Convert.FromHexString(column.AsSpan(0, column.IndexOf(':', StringComparison.Ordinal)));
        for (var word = 0; word < bytes.Length && BitConverter.IsLittleEndian; word += sizeof(uint)) bytes.AsSpan(word, sizeof(uint)).Reverse();
        var address = new IPAddress(bytes);
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, int.Parse(column.AsSpan(1 + (2 * bytes.Length)), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
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
