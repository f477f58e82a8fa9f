using System.CommandLine;

namespace Gateway.Cli.Commands;

/// <summary>The options that every command has.</summary>
internal sealed class CommonOptions(Terminal terminal)
{
    /// <summary>Where the reservation API listens when nobody says otherwise: the built-in explorer's default.</summary>
    public const string DefaultExplorer = "http://127.0.0.1:8090";

    public Option<bool> Json { get; } = new("--json") { Description = "Print one JSON value for programs.", Recursive = true };

    public Option<string> Explorer { get; } = new("--explorer")
    {
        Description = "URL of the reservation API [variable GW_EXPLORER].",
        DefaultValueFactory = _ => terminal.Variable("GW_EXPLORER") ?? DefaultExplorer,
        Recursive = true,
    };

    public Option<string> Identity { get; } = new("--identity")
    {
        Description = "Your seed file [variable GW_IDENTITY].",
        DefaultValueFactory = _ => terminal.Variable("GW_IDENTITY") ?? DefaultIdentity(terminal),
        Recursive = true,
    };

    private static string DefaultIdentity(Terminal terminal)
    {
        var home = terminal.Variable("XDG_CONFIG_HOME") ?? Path.Combine(terminal.Variable("HOME") ?? ".", ".config");
        return Path.Combine(home, "gateway", "identity.seed");
    }
}
