using System.CommandLine;
using System.CommandLine.Parsing;

namespace Gateway.Cli.Commands;

/// <summary>The words that lead to a command.</summary>
internal static class CommandPath
{
    /// <summary>From "gateway" down to the command that was recognised.</summary>
    public static IEnumerable<string> Of(ParseResult parsed)
    {
        var words = new Stack<string>();
        for (SymbolResult? at = parsed.CommandResult; at is CommandResult result; at = result.Parent)
            words.Push(result.Command is RootCommand ? "gateway" : result.Command.Name);
        return words;
    }
}
