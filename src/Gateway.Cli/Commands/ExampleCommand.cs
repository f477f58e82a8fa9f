using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Gateway.Cli.Commands;

/// <summary>A command whose help ends with an example.</summary>
internal sealed class ExampleCommand(string name, string description, string example) : Command(name, description)
{
    public string Example { get; } = example;
}

/// <summary>The usual help, and the example after it.</summary>
internal sealed class HelpWithExample(HelpAction usual, Terminal terminal) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var code = usual.Invoke(parseResult);
        if (parseResult.CommandResult.Command is ExampleCommand command) terminal.Output.WriteLine($"Example:\n  {command.Example}\n");
        return code;
    }

    /// <summary>Puts it in the place of the root's own help.</summary>
    public static void Install(RootCommand root, Terminal terminal)
    {
        foreach (var option in root.Options)
            if (option is HelpOption { Action: HelpAction usual } help) help.Action = new HelpWithExample(usual, terminal);
    }
}
