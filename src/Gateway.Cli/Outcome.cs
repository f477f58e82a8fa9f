using System.Text.Json.Nodes;

namespace Gateway.Cli;

/// <summary>What a command came to: something to print, or a fault that says what to do.</summary>
internal abstract record Outcome
{
    private Outcome()
    {
    }

    /// <summary>It worked: <paramref name="Text"/> for people, <paramref name="Json"/> for programs.</summary>
    public sealed record Done(string Text, JsonNode? Json) : Outcome;

    /// <summary>It did not, and the exit code tells programs what kind of fault it was.</summary>
    public sealed record Fault(ExitCode Code, string Message) : Outcome
    {
        /// <summary>True when it is certain that the command left nothing behind at the explorer; false when nobody can say.</summary>
        public bool HoldsNothing { get; init; }

        /// <summary>What programs get instead of the message; null: the message and the code.</summary>
        public JsonNode? Json { get; init; }
    }
}

/// <summary>The exit codes of the command line.</summary>
internal enum ExitCode
{
    /// <summary>It worked.</summary>
    Ok = 0,

    /// <summary>The gateway or this machine could not do it.</summary>
    Failed = 1,

    /// <summary>The command line itself is wrong.</summary>
    Usage = 2,

    /// <summary>The explorer refused.</summary>
    Refused = 3,

    /// <summary>The explorer or the gateway cannot be reached.</summary>
    Unreachable = 4,

    /// <summary>It is reserved, and did not come true within the time of <c>--wait</c>.</summary>
    NotYet = 5,
}
