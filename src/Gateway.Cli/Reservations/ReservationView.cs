using System.Text.Json.Nodes;
using Gateway.Cli.Operating;
using Gateway.Model;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Reservations;

/// <summary>How a reservation is shown to people and programs.</summary>
internal static class ReservationView
{
    /// <summary>The state of one that waits for the agreement of other users.</summary>
    public const string Unapproved = "unapproved";

    /* Longer than any name and than what a gateway says; explorers are somebody else's, and what they say reaches a terminal. */
    private const int Longest = 600;

    /// <summary>One word for where a reservation stands.</summary>
    public static string State(Workload workload) => workload switch
    {
        { NextAction: NextAction.Deleted, Result.Message.Length: > 0 } => "failed",
        { NextAction: NextAction.Deleted } => "deleted",
        { NextAction: NextAction.Delete } => "deleting",
        { NextAction: NextAction.Invalid } => "invalid",
        { NextAction: NextAction.Sign } => Unapproved,
        { Result.State: ResultState.Ok } => "active",
        { Result.Message.Length: > 0 } => "failed",
        _ => "waiting",
    };

    /// <summary>True when the gateway has given its word, good or bad.</summary>
    public static bool IsSettled(Workload workload) => State(workload) is not ("waiting" or "deleting" or Unapproved);

    /// <summary>The name, key or target that tells reservations of one kind apart.</summary>
    public static string Subject(Workload workload) => PeerText.OneLine(workload.Domain ?? workload.PublicKey ?? "", Longest);

    /// <summary>For programs; an unapproved one has the users who may still agree, and how many of them have to.</summary>
    public static JsonObject Json(Workload workload)
    {
        var json = new JsonObject
        {
            ["id"] = workload.Id,
            ["type"] = workload.WorkloadType.Name,
            ["name"] = Subject(workload),
            ["state"] = State(workload),
            ["message"] = PeerText.OneLine(workload.Result.Message, Longest),
            ["gateway"] = PeerText.OneLine(workload.NodeId, Longest),
            ["user"] = workload.CustomerTid,
        };
        if (State(workload) != Unapproved) return json;
        json["approvers"] = new JsonArray([.. Approvals.Open(workload).Select(user => (JsonNode)user)]);
        json["approvals"] = Approvals.Missing(workload);
        return json;
    }

    /// <summary>For people: a line for each, or <paramref name="none"/>.</summary>
    public static string Table(IReadOnlyList<Workload> workloads, string none) => TextTable.Of(
        new JsonArray([.. workloads.Select(Line)]), none,
        ("id", TextTable.Member("id")), ("type", TextTable.Member("type")), ("name", TextTable.Member("name")), ("state", TextTable.Member("state")), ("", TextTable.Member("message")));

    private static JsonNode Line(Workload workload)
    {
        var json = Json(workload);
        if (State(workload) == Unapproved) json["message"] = Approvals.OfCreation(workload);
        return json;
    }
}
