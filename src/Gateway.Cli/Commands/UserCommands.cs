using System.CommandLine;
using System.Text.Json.Nodes;
using Gateway.Cli.Reservations;
using Gateway.ExplorerApi;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Commands;

/// <summary><c>gateway user register</c>.</summary>
internal static class UserCommands
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var name = new Option<string>("--name") { Description = "Your name with the explorer: lower case, at least three characters.", Required = true };
        var email = new Option<string>("--email") { Description = "Where the operator reaches you.", Required = true };
        var register = new ExampleCommand("register", "Register your public key with the explorer, and keep the user id that it gives in your seed file.",
            "gateway user register --name alice --email alice@example.com")
        { name, email };
        register.SetAction(async (parsed, stop) => terminal.Report(
            await RegisterAsync(parsed.GetValue(common.Identity)!, parsed.GetValue(common.Explorer)!, parsed.GetValue(name)!, parsed.GetValue(email)!, terminal.Time, stop),
            parsed.GetValue(common.Json)));
        return new Command("user", "Make yourself known to an explorer.") { register };
    }

    private static async Task<Outcome> RegisterAsync(string path, string explorer, string name, string email, TimeProvider time, CancellationToken stop)
    {
        if (Caller.Open(path, explorer, time).Failed(out var fault, out var caller)) return fault;
        using var owned = caller;
        if (caller.User > 0 && await FindKnownAsync(caller, stop) is { } known) return known;
        if ((await RegisterAsync(caller, name, email, stop)).Failed(out fault, out var user)) return fault;
        var file = caller.File with { User = user.Id };
        if (!SeedStore.TryReplace(path, file.EncodeForUser(), out var text)) return new Outcome.Fault(ExitCode.Failed, $"You are user {user.Id}, but the seed file could not be written: {text}");
        return new Outcome.Done($"You are user {user.Id} ({user.Name}).", Json(user));
    }

    // A second id would leave everything that the first one holds without an owner: it is never asked for while the first one stands.
    private static async Task<Outcome?> FindKnownAsync(Caller caller, CancellationToken stop)
    {
        var asked = await caller.Explorer.GetUserAsync(caller.User, stop);
        if (asked is ExplorerOutcome<User>.Refused { Status: 404 }) return null;
        if (asked.ToStep($"Looking up user {caller.User}").Failed(out var fault, out var user)) return fault;
        return string.Equals(user.Pubkey, caller.Identity.PublicKey.Hex, StringComparison.OrdinalIgnoreCase)
            ? new Outcome.Done($"You are user {user.Id} ({user.Name}) already.", Json(user))
            : new Outcome.Fault(ExitCode.Refused, $"'{caller.Path}' says user {caller.User}, but with this explorer that is somebody else. Choose the explorer that you registered with (--explorer), or register another identity here (--identity).");
    }

    private static JsonObject Json(User user) => new() { ["user"] = user.Id, ["name"] = user.Name };

    /// <summary>Registers; a second try with the same key finds the first one's user instead of failing.</summary>
    private static async Task<Step<User>> RegisterAsync(Caller caller, string name, string email, CancellationToken stop)
    {
        var request = new User { Name = name, Email = email, Pubkey = caller.Identity.PublicKey.Hex };
        var created = await caller.Explorer.CreateUserAsync(request, stop);
        if (created is not ExplorerOutcome<User>.Refused { Status: 409 }) return created.ToStep("Registering");
        var listed = await caller.Explorer.ListUsersAsync(name, null, 1, stop);
        var own = (listed as ExplorerOutcome<Listing<User>>.Ok)?.Value.Items.FirstOrDefault(user => user.Pubkey == request.Pubkey);
        if (own is not null) return own;
        return new Outcome.Fault(ExitCode.Refused, "Registering: the explorer has a user with this name or e-mail address already: choose another --name or --email.");
    }
}
