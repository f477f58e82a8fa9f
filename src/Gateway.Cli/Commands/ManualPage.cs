using System.CommandLine;
using System.Text;

namespace Gateway.Cli.Commands;

/// <summary>Writes the manual page of the whole command line in roff (man(7)): the packages carry its output.</summary>
internal static class ManualPage
{
    private const string Tail = """
        .SH EXIT STATUS
        .TP
        0
        It worked.
        .TP
        1
        This machine or the gateway could not do it.
        .TP
        2
        The command line is wrong.
        .TP
        3
        The explorer or the gateway refused; the line says why.
        .TP
        4
        The explorer or the gateway cannot be reached.
        .TP
        5
        It is reserved, but within the time of --wait the name was not answered or no visitor reached the service; the line says why.
        .SH SEE ALSO
        .BR gatewayd (8)

        """;

    /// <summary>The hidden command that prints it.</summary>
    public static Command CreateCommand(Terminal terminal, RootCommand root)
    {
        var command = new Command("manual", "Print the manual page.") { Hidden = true };
        command.SetAction(_ => terminal.Report(new Outcome.Done(Write(root).TrimEnd(), null), json: false));
        return command;
    }

    /// <summary>The page: every visible command with its arguments, options and example.</summary>
    public static string Write(RootCommand root)
    {
        var page = new StringBuilder(".TH GATEWAY 1 \"@DATE@\" \"Gateway @VERSION@\" \"User commands\"\n");
        page.Append(".SH NAME\ngateway \\- reserve names and tunnels at a gateway, and run the tunnel client\n");
        page.Append(".SH SYNOPSIS\n.B gateway\n.I command\n.RI [ option ...]\n");
        page.Append($".SH DESCRIPTION\n{Escape(root.Description ?? "")}\n.SH COMMANDS\n");
        foreach (var command in root.Subcommands) WriteCommand(page, command, "gateway");
        page.Append(".SH OPTIONS OF EVERY COMMAND\n");
        foreach (var option in root.Options.Where(option => option.Recursive && !option.Hidden)) WriteOption(page, option);
        return page.Append(Tail).ToString();
    }

    private static void WriteCommand(StringBuilder page, Command command, string path)
    {
        if (command.Hidden) return;
        path = $"{path} {command.Name}";
        if (command.Subcommands.Any(sub => !sub.Hidden))
        {
            foreach (var sub in command.Subcommands) WriteCommand(page, sub, path);
            return;
        }

        var arguments = string.Concat(command.Arguments.Where(argument => !argument.Hidden).Select(argument => $" {argument.Name.ToUpperInvariant()}"));
        page.Append($".SS \"{Escape(path + arguments)}\"\n{Escape(command.Description ?? "")}\n");
        foreach (var option in command.Options.Where(option => !option.Hidden && option is not System.CommandLine.Help.HelpOption)) WriteOption(page, option);
        if (command is ExampleCommand example) page.Append($".PP\nExample:\n.PP\n.nf\n.RS\n{Escape(example.Example)}\n.RE\n.fi\n");
    }

    private static void WriteOption(StringBuilder page, Option option) =>
        page.Append($".TP\n.B {Escape(option.Name)}\n{Escape(option.Description ?? "")}\n");

    // A hyphen in a manual page is a minus only with its backslash; a line must not begin with a control character.
    private static string Escape(string text)
    {
        var escaped = text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal);
        return escaped.StartsWith('.') || escaped.StartsWith('\'') ? "\\&" + escaped : escaped;
    }
}
