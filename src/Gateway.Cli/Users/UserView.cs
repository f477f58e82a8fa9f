using System.Text.Json.Nodes;
using Gateway.Model;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Users;

/// <summary>How a user is shown to people and programs.</summary>
internal static class UserView
{
    /* The longest that an explorer of ours takes; others may send anything, and it reaches a terminal. */
    private const int Longest = 1024;

    /// <summary>Number and name, for programs.</summary>
    public static JsonObject Brief(User user) => new() { ["user"] = user.Id, ["name"] = user.Name };

    /// <summary>Everything that the explorer says of him.</summary>
    public static Outcome.Done Whole(User user)
    {
        (string Name, string Value)[] members =
        [
            ("name", user.Name), ("email", user.Email), ("public_key", user.Pubkey), ("host", user.Host), ("description", user.Description),
        ];
        var json = new JsonObject { ["user"] = user.Id };
        foreach (var (name, value) in members) json[name] = PeerText.OneLine(value, Longest);
        var lines = json.Where(member => member.Value!.ToString().Length > 0).Select(member => $"{member.Key.Replace('_', ' '),-13}{member.Value}");
        return new Outcome.Done(string.Join('\n', lines), json);
    }
}
