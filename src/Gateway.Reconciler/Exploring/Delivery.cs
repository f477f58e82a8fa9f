using System.Globalization;
using Gateway.ExplorerApi;
using Gateway.Model.ExplorerApi;
using Gateway.Model.Reservations;
using Gateway.Reconciler.Planning;

namespace Gateway.Reconciler.Exploring;

/// <summary>One element of a poll's answer, as the book takes it.</summary>
/// <param name="Reservation">What was asked.</param>
/// <param name="IsEnding">The user deleted it.</param>
/// <param name="HasOkResult">The explorer holds our good result.</param>
/// <param name="IsReadable">False when the element could not be read: that is no reason to end what is served.</param>
internal readonly record struct Delivery(LiveReservation Reservation, bool IsEnding, bool HasOkResult, bool IsReadable)
{
    /// <summary>It has ended, and the explorer heard so from the gateway.</summary>
    public bool IsOver { get; private init; }

    /// <summary>The elements of a page that are for this gateway, the unreadable ones included as far as they have an id.</summary>
    public static IEnumerable<Delivery> Of(WorkloadPage page, string nodeId) =>
        page.Workloads.Where(it => it.NodeId == nodeId).Select(it => Of(it, nodeId))
            .Concat(page.Faults.Where(it => it.Id > 0).Select(it => Unreadable(it, nodeId)));

    /// <summary>One workload of a gateway, whose id all of its reservations share: there may be a hundred thousand of them.</summary>
    public static Delivery Of(Workload it, string nodeId) => new(
        new LiveReservation(it.ToReservation() with { NodeId = nodeId }, it.WorkloadType, it.CustomerSignature, it.Reference, it.Version),
        it.IsToDelete,
        it.Result.State == ResultState.Ok,
        IsReadable: true)
    {
        IsOver = it.NextAction == NextAction.Deleted,
    };

    private static Delivery Unreadable(ElementFault fault, string nodeId)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"{fault.Id}-{fault.WorkloadId}");
        var content = new Reservation.Unsupported(id, 0, nodeId, default, "UNKNOWN", $"the reservation cannot be read: {fault.Reason}");
        return new Delivery(new LiveReservation(content, default), IsEnding: false, HasOkResult: false, IsReadable: false);
    }
}
