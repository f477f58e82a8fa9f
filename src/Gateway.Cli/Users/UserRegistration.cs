using Gateway.Cli.Reservations;
using Gateway.ExplorerApi;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Users;

/// <summary>How a key becomes a user of an explorer.</summary>
internal static class UserRegistration
{
    /// <summary>Registers the key of a seed file, and writes the user id into it. A key that is registered already is none the worse for it.</summary>
    public static async Task<Outcome> RunAsync(string path, string explorer, string name, string email, TimeProvider time, CancellationToken stop)
    {
        if (Caller.Open(path, explorer, time).Failed(out var fault, out var caller)) return fault;
        using var owned = caller;
        if (caller.User > 0 && await FindKnownAsync(caller, stop) is { } known) return known;
        if ((await RegisterAsync(caller, name, email, stop)).Failed(out fault, out var user)) return fault;
        var file = caller.File with { User = user.Id };
        if (!SeedStore.TryReplace(path, file.EncodeForUser(), out var text)) return new Outcome.Fault(ExitCode.Failed, $"You are user {user.Id}, but the seed file could not be written: {text}");
        return new Outcome.Done($"You are user {user.Id} ({user.Name}).", UserView.Brief(user));
    }

    // A second id would leave everything that the first one holds without an owner: it is never asked for while the first one stands.
    private static async Task<Outcome?> FindKnownAsync(Caller caller, CancellationToken stop)
    {
        var asked = await caller.Explorer.GetUserAsync(caller.User, stop);
        if (asked is ExplorerOutcome<User>.Refused { Status: 404 }) return null;
        if (asked.ToStep($"Looking up user {caller.User}").Failed(out var fault, out var user)) return fault;
        return caller.Is(user).Failed(out fault, out _) ? fault : new Outcome.Done($"You are user {user.Id} ({user.Name}) already.", UserView.Brief(user));
    }

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
