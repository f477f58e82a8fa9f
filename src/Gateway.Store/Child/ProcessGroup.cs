using System.Runtime.InteropServices;

namespace Gateway.Store.Child;

/// <summary>A process and its descendants, as far as they stayed together.</summary>
internal static partial class ProcessGroup
{
    private const int SigKill = 9;

    /// <summary>Ends what is left of the group that a process led; where there is none, kill(2) refuses and nothing happens.</summary>
    internal static void Kill(int leader) => _ = Kill(-leader, SigKill);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
