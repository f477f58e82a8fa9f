using System.Collections;
using System.CommandLine;
using System.Text.Json.Nodes;
using Gateway.Cli;
using Gateway.Cli.Commands;
using Xunit;

namespace Gateway.UnitTests.Cli;

public sealed class CommandTreeTests : IDisposable
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
    }

    private Terminal Terminal => new(_output, _error, new Hashtable { ["HOME"] = "/nowhere" }, TimeProvider.System);

    [Fact]
    public async Task Every_command_has_a_help_that_ends_with_an_example_of_itself()
    {
        var leaves = Leaves(CommandTree.Create(Terminal), "gateway").ToArray();
        Assert.Contains(leaves, leaf => leaf.Path == "gateway reserve tunnel");
        foreach (var (path, command) in leaves)
        {
            Assert.StartsWith(path + " ", Assert.IsType<ExampleCommand>(command).Example + " ", StringComparison.Ordinal);
            _output.GetStringBuilder().Clear();
            Assert.Equal(0, await CommandTree.RunAsync([.. path.Split(' ')[1..], "--help"], Terminal));
            Assert.Contains($"Example:\n  {path}", _output.ToString(), StringComparison.Ordinal);
            Assert.Contains("--json", _output.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_manual_page_names_every_command()
    {
        var root = CommandTree.Create(Terminal);
        var page = ManualPage.Write(root).Replace("\\-", "-", StringComparison.Ordinal);
        Assert.All(Leaves(root, "gateway"), leaf => Assert.Contains($".SS \"{leaf.Path}", page, StringComparison.Ordinal));
        Assert.DoesNotContain(".SS \"gateway manual", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_manual_page_explains_every_argument_and_every_option()
    {
        var root = CommandTree.Create(Terminal);
        var page = ManualPage.Write(root).Replace("\\-", "-", StringComparison.Ordinal);
        foreach (var (path, command) in Leaves(root, "gateway"))
        {
            var text = page[page.IndexOf($".SS \"{path}", StringComparison.Ordinal)..];
            text = text[..(text[3..].IndexOf("\n.S", StringComparison.Ordinal) + 3)];
            Assert.All(command.Arguments.Where(argument => !argument.Hidden), argument => Assert.Contains(argument.Name.ToUpperInvariant(), text, StringComparison.Ordinal));
            Assert.All(command.Options.Where(option => !option.Hidden && option is not System.CommandLine.Help.HelpOption), option => Assert.Contains($".B {option.Name}\n{option.Description}", text, StringComparison.Ordinal));
        }

        Assert.All(root.Options.Where(option => option.Recursive && !option.Hidden), option => Assert.Contains($".B {option.Name}\n{option.Description}", page, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_manual_of_the_daemon_names_every_verb_of_it()
    {
        using var usage = new StringWriter();
        Assert.Equal(0, await Gateway.Server.CommandLine.RunAsync(["--help"], new Hashtable(), usage, usage));
        var page = (await File.ReadAllTextAsync(Path.Combine(Architecture.House.Root, "packaging", "man", "gatewayd.8"), TestContext.Current.CancellationToken)).Replace("\\-", "-", StringComparison.Ordinal);
        var verbs = System.Text.RegularExpressions.Regex.Matches(usage.ToString(), "^  gatewayd (--version|[a-z][a-z-]+)", System.Text.RegularExpressions.RegexOptions.Multiline).Select(match => match.Groups[1].Value).ToArray();
        Assert.True(verbs.Length > 3);
        Assert.All(verbs, verb => Assert.Contains($".B gatewayd {verb}\n", page, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_example_is_a_line_that_the_program_takes()
    {
        var root = CommandTree.Create(Terminal);
        Assert.All(Leaves(root, "gateway"), leaf => Assert.Empty(root.Parse(((ExampleCommand)leaf.Command).Example["gateway ".Length..]).Errors));
    }

    [Theory]
    [InlineData("reserve", "'gateway reserve --help' shows the usage.")]
    [InlineData("reserve subdomain a.gw.test --ip 1.2.3.400", "'1.2.3.400' is not an IP address.")]
    [InlineData("delete", "Name the reservations to delete, or say --all.")]
    [InlineData("expose http://localhost:1 --remote gw", "secret")]
    public async Task A_wrong_line_is_told_in_one_line_and_ends_with_2(string line, string says)
    {
        Assert.Equal((int)ExitCode.Usage, await CommandTree.RunAsync(line.Split(' '), Terminal));
        Assert.Contains(says, _error.ToString(), StringComparison.Ordinal);
        Assert.All(_error.ToString().TrimEnd().Split('\n'), text => Assert.StartsWith("gateway: ", text, StringComparison.Ordinal));
        Assert.Equal("", _output.ToString());
    }

    [Fact]
    public async Task A_fault_is_JSON_for_programs_too()
    {
        Assert.Equal((int)ExitCode.Failed, await CommandTree.RunAsync(["reservations", "--json"], Terminal));
        Assert.StartsWith("""{"error":"There is no identity in""", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("delete --json")]
    [InlineData("frobnicate --json")]
    [InlineData("reserve subdomain a.gw.test --ip 1.2.3.400 --json")]
    [InlineData("hello --port 65536 --json")]
    [InlineData("expose http://localhost:1 --remote gw --json")]
    public async Task A_wrong_line_is_one_JSON_object_for_programs(string line)
    {
        Assert.Equal((int)ExitCode.Usage, await CommandTree.RunAsync(line.Split(' '), Terminal));
        var said = JsonNode.Parse(_output.ToString())!.AsObject();
        Assert.NotEqual("", said["error"]!.ToString());
        Assert.Equal(2, (int)said["code"]!);
    }

    private static IEnumerable<(string Path, Command Command)> Leaves(Command command, string path) => command.Subcommands.Count == 0
        ? [(path, command)]
        : command.Subcommands.Where(inner => !inner.Hidden).SelectMany(inner => Leaves(inner, $"{path} {inner.Name}"));
}
