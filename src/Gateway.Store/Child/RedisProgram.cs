using System.ComponentModel;
using System.Diagnostics;

namespace Gateway.Store.Child;

/// <summary>The redis-server program, and the wrappers that tie its life to ours.</summary>
internal static class RedisProgram
{
    // Own session: Ctrl-C in a terminal reaches every process of ours, and Redis has to be the last to go.
    private const string SetSid = "/usr/bin/setsid";

    // The kernel kills the child with the thread that started it, so also when we are killed with SIGKILL.
    private const string SetPriv = "/usr/bin/setpriv";

    /// <summary>Null when the program can be run; otherwise one line that says what to do.</summary>
    internal static string? Fault(string program)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, ["--version"]) { RedirectStandardOutput = true })!;
            return process.StandardOutput.ReadToEnd().Contains("server v=", StringComparison.Ordinal)
                ? null
                : $"{program} --version does not answer as Redis does: install redis-server";
        }
        catch (Win32Exception)
        {
            return $"{program} cannot be run: install redis-server (apt-get install redis-server), or name an existing Redis with --redis redis://host:port";
        }
    }

    /// <summary>How to run it with a configuration on its standard input, so that no password is on a command line.</summary>
    internal static ProcessStartInfo Command(string program)
    {
        List<string> words = [];
        if (File.Exists(SetSid)) words.Add(SetSid);
        if (File.Exists(SetPriv)) words.AddRange([SetPriv, "--pdeathsig", "KILL"]);
        words.AddRange([program, "-"]);
        return new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
    }
}
