using System.CommandLine;

namespace Gateway.Cli.Commands;

/// <summary><c>gateway completion</c>: the words of the command line for a shell, as the packages install them.</summary>
internal static class CompletionCommand
{
    private static readonly string[] Shells = ["bash", "zsh"];

    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var shell = new Argument<string>("shell") { Description = "bash or zsh." };
        shell.AcceptOnlyFromAmong(Shells);
        var command = new ExampleCommand("completion", "Print what a shell needs to complete gateway's words: source <(gateway completion bash). The packages install it.", "gateway completion bash") { shell };
        command.SetAction(parsed => terminal.Report(new Outcome.Done(Read(parsed.GetValue(shell)!).TrimEnd(), null), parsed.GetValue(common.Json)));
        return command;
    }

    /// <summary>The script for one of the shells.</summary>
    public static string Read(string shell)
    {
        using var stream = typeof(CompletionCommand).Assembly.GetManifestResourceStream("completion/" + shell)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
