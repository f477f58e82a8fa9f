using System.Globalization;
using Gateway.Cli.Reservations;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Users;

/// <summary>What an explorer says of its users, and the caller's own entry there.</summary>
internal sealed class PhonebookEntry(Caller caller)
{
    /// <summary>Shows a user; the caller himself when <paramref name="who"/> is null.</summary>
    public async Task<Outcome> ShowAsync(string? who, CancellationToken stop) =>
        (who is null ? await OwnAsync(stop) : await FindAsync(who, stop)).Failed(out var fault, out var user) ? fault : UserView.Whole(user);

    /// <summary>Changes the caller's own entry; null leaves a member as it is.</summary>
    public async Task<Outcome> UpdateAsync(string? email, string? host, string? description, CancellationToken stop)
    {
        if ((await OwnAsync(stop)).Failed(out var fault, out var user)) return fault;
        // All three are replaced, and an explorer hides the address from whoever it does not recognise.
        if ((email ?? user.Email).Length == 0) return new Outcome.Fault(ExitCode.Failed, "The explorer shows no e-mail address of yours, and a change would empty it: give it with --email. A clock that is wrong hides it too.");
        var changed = user with { Email = email ?? user.Email, Host = host ?? user.Host, Description = description ?? user.Description };
        var told = (await caller.Explorer.UpdateUserAsync(UserUpdate.Sign(changed, caller.Identity), stop)).ToStep("Changing your entry");
        if (told.Failed(out fault, out _)) return fault;
        return (await OwnAsync(stop)).Failed(out fault, out user) ? fault : UserView.Whole(user);
    }

    /// <summary>A user by number, e-mail address or name.</summary>
    public async Task<Step<User>> FindAsync(string who, CancellationToken stop)
    {
        if (long.TryParse(who, NumberStyles.None, CultureInfo.InvariantCulture, out var id)) return (await caller.Explorer.GetUserAsync(id, stop)).ToStep($"Looking up user {id}");
        var isEmail = who.Contains('@', StringComparison.Ordinal);
        var listed = (await caller.Explorer.ListUsersAsync(isEmail ? null : who, isEmail ? who : null, 1, stop)).ToStep($"Looking up {who}");
        if (listed.Failed(out var fault, out var users)) return fault;
        // Some explorers take a name for a part of one. They may hide the address that they have looked for.
        var found = users.Items.FirstOrDefault(user => isEmail || string.Equals(user.Name, who, StringComparison.OrdinalIgnoreCase));
        return found is not null ? found : new Outcome.Fault(ExitCode.Refused, $"The explorer knows no user '{who}'.");
    }

    private async Task<Step<User>> OwnAsync(CancellationToken stop)
    {
        var asked = (await caller.Explorer.GetUserAsync(caller.User, stop)).ToStep($"Looking up user {caller.User}");
        return asked.Failed(out var fault, out var user) ? fault : caller.Is(user);
    }
}
