using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>What the shells offer when somebody presses Tab, in the shells themselves.</summary>
public sealed class CompletionTests
{
    private static readonly Dictionary<string, string> OnThePath = new() { ["PATH"] = $"{Path.GetDirectoryName(Programs.Gateway)}:{Environment.GetEnvironmentVariable("PATH")}" };

    [Theory]
    [InlineData("gateway res", "reservations reserve")]
    [InlineData("gateway node d", "dashboard drop")]
    [InlineData("gateway reserve subdomain x --i", "--identity --ip")]
    [InlineData("gateway doctor x --na", "--nameserver")]
    [InlineData("gateway completion z", "zsh")]
    public async Task Bash_offers_the_words_that_fit(string line, string words)
    {
        var said = await RunAsync("bash", "--norc", "-c", $"""
            source packaging/completion/gateway.bash
            COMP_LINE='{line}' COMP_POINT={line.Length} COMP_WORDS=({line}) COMP_CWORD={line.Split(' ').Length - 1}
            _gateway && printf '%s\n' "$COMPREPLY" "{'$'}{"{"}COMPREPLY[@]:1{"}"}"
            complete -p gateway >/dev/null
            """);
        Assert.Equal(words, string.Join(' ', said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData("gateway node d", "dashboard drop")]
    [InlineData("gateway reserve ", "domain proxy subdomain tunnel")]
    public async Task Zsh_offers_the_words_that_fit(string line, string words)
    {
        // Outside an editor there is no compadd: it shows what it was given.
        var said = await RunAsync("zsh", "-f", "-c", $"compadd() {{ shift; print -l -- $@ }}; gateway_complete() {{ CURSOR={line.Length} BUFFER='{line}'; source packaging/completion/_gateway }}; gateway_complete");
        Assert.Equal([], words.Split(' ').Except(said.Split('\n')));
    }

    [Theory]
    [InlineData("bash", "gateway.bash")]
    [InlineData("zsh", "_gateway")]
    public async Task The_program_prints_what_the_package_installs(string shell, string file) =>
        Assert.Equal((await File.ReadAllTextAsync(Path.Combine(Programs.Root, "packaging", "completion", file), TestContext.Current.CancellationToken)).TrimEnd(), (await Programs.RunAsync(Programs.Gateway, ["completion", shell])).Output.TrimEnd());

    private static async Task<string> RunAsync(string shell, params string[] arguments)
    {
        var ended = await Programs.RunAsync(shell, arguments, OnThePath);
        Assert.True(ended.Code == 0, ended.Error);
        return ended.Output;
    }
}
