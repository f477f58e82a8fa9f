using System.CommandLine;
using System.Text.Json.Nodes;
using Gateway.ExplorerApi;
using Gateway.Model.Crypto;

namespace Gateway.Cli.Commands;

/// <summary><c>gateway identity new|show</c>.</summary>
internal static class IdentityCommands
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var make = new ExampleCommand("new", "Make a new identity and keep it in your seed file (mode 0600). An existing one is never overwritten.",
            "gateway identity new");
        make.SetAction(parsed => terminal.Report(New(parsed.GetValue(common.Identity)!), parsed.GetValue(common.Json)));

        var words = new Option<bool>("--words") { Description = "Print the 24 words that restore the identity. Whoever reads them is you." };
        var show = new ExampleCommand("show", "Show the identity in your seed file.",
            "gateway identity show")
        { words };
        show.SetAction(parsed => terminal.Report(Show(parsed.GetValue(common.Identity)!, parsed.GetValue(words)), parsed.GetValue(common.Json)));

        return new Command("identity", "Make or show the key pair that you sign with.") { make, show };
    }

    /// <summary>Makes an identity in <paramref name="path"/>.</summary>
    public static Outcome New(string path)
    {
        var file = new SeedFile(Identity.Create(), 0);
        return SeedStore.TryCreate(path, file.EncodeForUser(), out var fault)
            ? Describe(file, path, "Keep the file: whoever has it is you, and nobody can give it back to you.")
            : new Outcome.Fault(ExitCode.Failed, fault);
    }

    private static Outcome Show(string path, bool words)
    {
        if (!SeedStore.TryLoad(path, out var file, out var fault))
            return new Outcome.Fault(ExitCode.Failed, fault + (File.Exists(path) ? "" : " Make one with 'gateway identity new'."));
        var shown = Describe(file, path, words ? file.Identity.Words.Reveal() : "");
        if (words) shown.Json!["words"] = file.Identity.Words.Reveal();
        return shown;
    }

    private static Outcome.Done Describe(SeedFile file, string path, string more)
    {
        var user = file.User == 0 ? "not registered yet: gateway user register" : file.User.ToString(null, null);
        var text = $"identity    {file.Identity.Id}\npublic key  {file.Identity.PublicKey.Hex}\nuser        {user}\nfile        {path}";
        var json = new JsonObject { ["identity"] = file.Identity.Id, ["public_key"] = file.Identity.PublicKey.Hex, ["user"] = file.User, ["file"] = path };
        return new Outcome.Done(more.Length == 0 ? text : $"{text}\n\n{more}", json);
    }
}
