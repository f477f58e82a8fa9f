using System.Collections;
using System.Text.RegularExpressions;
using Gateway.Cli;
using Gateway.Cli.Commands;
using Gateway.Server.Options;
using Xunit;

namespace Gateway.UnitTests.Architecture;

/// <summary>Every command that a document shows is one that the programs take; those of the guide are run as well (end-to-end).</summary>
public sealed partial class DocumentCommandTests
{
    private static IEnumerable<string> Pages => Directory.EnumerateFiles(Path.Combine(House.Root, "docs"), "*.md").Append(Path.Combine(House.Root, "README.md"))
        .Where(page => Path.GetFileName(page) != "options.md");

    /// <summary>Lines of shell blocks and commands in running text, with the page for the report.</summary>
    private static IEnumerable<(string Page, string Line)> Commands =>
        from page in Pages
        let text = File.ReadAllText(page)
        from line in Block().Matches(text).SelectMany(block => block.Groups[1].Value.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n')).Concat(Inline().Matches(Block().Replace(text, "")).Select(match => match.Groups[1].Value))
        from command in line.Split('#')[0].Split(';', '|', '&').Select(part => Variable().Replace(part.Trim(), ""))
        select (Path.GetFileName(page), command.StartsWith("./", StringComparison.Ordinal) ? command[2..] : command);

    [Fact]
    public void Every_gateway_command_in_the_documents_is_understood()
    {
        using var output = new StringWriter();
        var root = CommandTree.Create(new Terminal(output, output, new Hashtable { ["HOME"] = "/nowhere" }, TimeProvider.System));
        var shown = Commands.Where(it => it.Line.StartsWith("gateway ", StringComparison.Ordinal)).ToArray();
        Assert.True(shown.Length > 40, $"{shown.Length}");
        var wrong = from it in shown
                    let words = Words(it.Line["gateway ".Length..])
                    where words.Length > 0 && words[^1] != "…"
                    let errors = root.Parse(words).Errors.Where(error => !IsMention(it.Line) || error.Message.StartsWith("Unrecognized", StringComparison.Ordinal)).ToArray()
                    where errors.Length > 0
                    select $"{it.Page}: {it.Line}: {errors[0].Message}";
        Assert.Equal([], wrong);
    }

    [Fact]
    public void Every_option_of_gatewayd_in_the_documents_exists()
    {
        var flags = new Configuration().Table.Options.Select(option => option.Flag).Concat(["--config", "--version", "--manual"]).ToHashSet();
        string[] verbs = ["check-config", "options", "accept-loss"];
        var wrong = from it in Commands
                    where it.Line.StartsWith("gatewayd ", StringComparison.Ordinal)
                    let words = Words(it.Line["gatewayd ".Length..])
                    where (words is [var verb, ..] && verb[0] is not ('-' or '…') && !verbs.Contains(verb)) || words.Any(word => word.StartsWith("--", StringComparison.Ordinal) && !flags.Contains(word.Split('=')[0]))
                    select $"{it.Page}: {it.Line}";
        Assert.Equal([], wrong);
    }

    [Fact]
    public void Every_unit_and_script_in_the_documents_exists()
    {
        var units = Directory.EnumerateFiles(Path.Combine(House.Root, "systemd")).Select(file => Path.GetFileName(file)!).ToHashSet();
        var wrong = from it in Commands
                    where it.Line.StartsWith("systemctl ", StringComparison.Ordinal)
                    from word in Words(it.Line["systemctl ".Length..]).Skip(1)
                    where !word.StartsWith('-') && !units.Contains(word) && !units.Contains(word + ".service") && !units.Contains(Instance().Replace(word, "@") + ".service")
                    select $"{it.Page}: {it.Line}: {word}";
        Assert.Equal([], wrong);
    }

    // In running text a command may be shown without what it needs; a placeholder in angle brackets stands for a value.
    private static bool IsMention(string line) => !line.Contains("--", StringComparison.Ordinal);

    private static string[] Words(string line) => [.. Word().Matches(line).Select(match => match.Value.Trim('"', '\'')).Select(word => word.StartsWith('<') ? "1" : word)];

    [GeneratedRegex("^```sh\\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("`((?:\\./)?gatewayd? [^`\n]+)`")]
    private static partial Regex Inline();

    [GeneratedRegex("^(sudo |[A-Z_]+=\\S* )+")]
    private static partial Regex Variable();

    [GeneratedRegex("@[A-Za-z]+$")]
    private static partial Regex Instance();

    [GeneratedRegex("\"[^\"]*\"|'[^']*'|\\S+")]
    private static partial Regex Word();
}
