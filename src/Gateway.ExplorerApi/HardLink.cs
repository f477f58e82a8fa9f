using System.Runtime.InteropServices;

namespace Gateway.ExplorerApi;

/// <summary>A second name for a file (link(2)): the one step that gives a file a name and never takes it from another.</summary>
internal static partial class HardLink
{
    /// <summary>False when the new name is taken, or the file system has no hard links.</summary>
    public static bool TryCreate(string file, string name) => link(file, name) == 0;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int link(string file, string name);
}
