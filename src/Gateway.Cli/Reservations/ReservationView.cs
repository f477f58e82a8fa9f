using System.Text.Json.Nodes;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Reservations;

/// <summary>How a reservation is shown to people and programs.</summary>
internal static class ReservationView
{
    /// <summary>One word for where a reservation stands.</summary>
    public static string State(Workload workload) => workload switch
    {
        { NextAction: NextAction.Deleted, Result.Message.Length: > 0 } => "failed",
        { NextAction: NextAction.Deleted } => "deleted",
        { NextAction: NextAction.Delete } => "deleting",
        { NextAction: NextAction.Invalid } => "invalid",
        { Result.State: ResultState.Ok } => "active",
        { Result.Message.Length: > 0 } => "failed",
        _ => "waiting",
    };

    /// <summary>True when the gateway has given its word, good or bad.</summary>
    public static bool IsSettled(Workload workload) => State(workload) is not ("waiting" or "deleting");

    /// <summary>The name, key or target that tells reservations of one kind apart.</summary>
    public static string Subject(Workload workload) => workload.Domain ?? workload.PublicKey ?? "";

    /// <summary>For programs.</summary>
    public static JsonObject Json(Workload workload) => new()
    {
        ["id"] = workload.Id,
        ["type"] = workload.WorkloadType.Name,
        ["name"] = Subject(workload),
        ["state"] = State(workload),
        ["message"] = workload.Result.Message,
        ["gateway"] = workload.NodeId,
    };

    /// <summary>For people: columns as wide as their widest cell.</summary>
    public static string Table(IReadOnlyList<Workload> workloads)
    {
        if (workloads.Count == 0) return "You hold no reservations.";
        string[][] rows = [["id", "type", "name", "state", ""], .. workloads.Select(workload => new[] { workload.Id.ToString(null, null), workload.WorkloadType.Name, Subject(workload), State(workload), workload.Result.Message })];
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        return string.Join('\n', rows.Select(row => string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd()));
    }
}
