using System.Collections;
using System.Text.Json.Nodes;

namespace Gateway.Cli;

/// <summary>The world outside the commands: where they write, and what the environment says.</summary>
/// <param name="Output">Results.</param>
/// <param name="Error">Faults and progress.</param>
/// <param name="Variables">The environment.</param>
/// <param name="Time">The clock.</param>
internal sealed record Terminal(TextWriter Output, TextWriter Error, IDictionary Variables, TimeProvider Time)
{
    /// <summary>A variable's value; null when it is unset or empty.</summary>
    public string? Variable(string name) => Variables[name] is string { Length: > 0 } value ? value : null;

    /// <summary>Writes an outcome as the user asked for it and gives its exit code.</summary>
    public int Report(Outcome outcome, bool json)
    {
        switch (outcome)
        {
            case Outcome.Done done when json:
                Output.WriteLine((done.Json ?? new JsonObject()).ToJsonString());
                return (int)ExitCode.Ok;
            case Outcome.Done done:
                if (done.Text.Length > 0) Output.WriteLine(done.Text);
                return (int)ExitCode.Ok;
            case Outcome.Fault fault:
                if (json) Output.WriteLine((fault.Json ?? new JsonObject { ["error"] = fault.Message, ["code"] = (int)fault.Code }).ToJsonString());
                Error.WriteLine("gateway: " + fault.Message);
                return (int)fault.Code;
            default:
                throw new ArgumentOutOfRangeException(nameof(outcome));
        }
    }
}
