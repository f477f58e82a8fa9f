using System.Globalization;
using System.Text.Json.Nodes;

namespace Gateway.Server;

/// <summary>What the node needs of its machine, and how much of that is left; as <c>gateway doctor</c> asks for it.</summary>
internal static class Machine
{
    private const string Descriptors = "/proc/self/fd";
    private const string Limits = "/proc/self/limits";

    /// <summary>Open descriptors, and how many there may be.</summary>
    public static long OpenDescriptors() => Directory.EnumerateFileSystemEntries(Descriptors).LongCount();

    /// <summary>The soft limit, which is what counts; 0 when it cannot be read.</summary>
    public static long MostDescriptors()
    {
        // "Max open files            1024                 524288               files"
        var line = File.ReadLines(Limits).FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        return long.TryParse(line?.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], NumberStyles.None, CultureInfo.InvariantCulture, out var most) ? most : 0;
    }

    /// <summary>The time, descriptors, and the disk that holds the state directory, in bytes.</summary>
    public static JsonObject Describe(string state, TimeProvider time)
    {
        var page = new JsonObject { ["clock"] = time.GetUtcNow().ToString("O"), ["descriptors_open"] = OpenDescriptors(), ["descriptors_most"] = MostDescriptors() };
        try
        {
            var disk = new DriveInfo(Path.GetFullPath(state));
            (page["disk_free"], page["disk_size"]) = (disk.AvailableFreeSpace, disk.TotalSize);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            page["disk_fault"] = e.Message;
        }

        return page;
    }
}
