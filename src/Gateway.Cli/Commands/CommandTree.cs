using System.CommandLine;
using System.Text.Json.Nodes;
using Gateway.Cli.Doctor;

namespace Gateway.Cli.Commands;

/// <summary>All commands, and what happens to a line that is none of them.</summary>
internal static class CommandTree
{
    /// <summary>The root with everything under it.</summary>
    public static RootCommand Create(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var reservations = new ReservationsCommand(terminal, common);
        var node = new NodeCommands(terminal, common);
        var root = new RootCommand("Reserve names and tunnels at a gateway, and run the tunnel client.")
        {
            common.Json, common.Explorer, common.Identity,
            IdentityCommands.Create(terminal, common),
            new UserCommands(terminal, common).Create(),
            GatewaysCommand.Create(terminal, common),
            new ReserveCommands(terminal, common).Create(),
            reservations.CreateList(),
            reservations.CreateDelete(),
            new ApproveCommand(terminal, common).Create(),
            new PoolsCommand(terminal, common).Create(),
            new ExposeCommand(terminal, common).Create(),
            HelloCommand.Create(terminal, common),
            node.CreateStatus(),
            node.CreateNode(),
            new DoctorCommand(terminal, common).Create(),
            CompletionCommand.Create(terminal, common),
        };
        root.Add(ManualPage.CreateCommand(terminal, root));
        HelpWithExample.Install(root, terminal);
        return root;
    }

    /// <summary>Runs one command line and gives the exit code.</summary>
    /// <param name="stop">Told to stop: every command ends by itself then.</param>
    public static async Task<int> RunAsync(string[] arguments, Terminal terminal, CancellationToken stop = default)
    {
        var parsed = Create(terminal).Parse(arguments.Length > 0 ? arguments : ["--help"]);
        if (parsed.Errors.Count == 0 || parsed.Action is HelpWithExample)
            // Without a deadline of the library's own, which would end a client in the middle of its farewells, with the code of a failure.
            return await parsed.InvokeAsync(new InvocationConfiguration { Output = terminal.Output, Error = terminal.Error, ProcessTerminationTimeout = null }, stop);
        if (SpeaksJson(arguments)) await terminal.Output.WriteLineAsync(Json(parsed).ToJsonString());
        foreach (var error in parsed.Errors) await terminal.Error.WriteLineAsync("gateway: " + error.Message);
        await terminal.Error.WriteLineAsync($"gateway: '{string.Join(' ', CommandPath.Of(parsed))} --help' shows the usage.");
        return (int)ExitCode.Usage;
    }

    // From the words themselves: a line that cannot be parsed may not show its options.
    private static bool SpeaksJson(string[] arguments) => arguments.Contains("--json", StringComparer.Ordinal);

    private static JsonObject Json(ParseResult parsed) =>
        new() { ["error"] = string.Join(' ', parsed.Errors.Select(error => error.Message)), ["code"] = (int)ExitCode.Usage };
}
