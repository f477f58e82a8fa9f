using System.Globalization;
using Gateway.Model.ExplorerApi;

namespace Gateway.ExplorerApi;

/// <summary>Workloads (the reservation API contract, sections 1.7 to 1.11).</summary>
public sealed partial class ExplorerClient
{
    /// <summary>Elements of the largest page that an explorer gives.</summary>
    public const int LargestPage = 1000;

    /// <summary>Stores a workload that the customer signed (see <see cref="WorkloadChallenge.SignCustomer"/>); gives its id.</summary>
    public async Task<ExplorerOutcome<long>> CreateWorkloadAsync(Workload workload, CancellationToken stop)
    {
        var outcome = await PostAsync<Workload, WorkloadCreated>("/reservations/workloads", workload.OfItsKind(), stop);
        return outcome.Select(created => created.ReservationId);
    }

    /// <summary>One workload with its result. 404 when unknown.</summary>
    public Task<ExplorerOutcome<Workload>> GetWorkloadAsync(long id, CancellationToken stop) =>
        GetAsync<Workload>(string.Create(CultureInfo.InvariantCulture, $"/reservations/workloads/{id}"), stop);

    /// <summary>One workload by its global id, as gateways name it. 404 when unknown.</summary>
    public Task<ExplorerOutcome<Workload>> GetWorkloadAsync(string globalId, CancellationToken stop) =>
        GetAsync<Workload>($"/reservations/nodes/workloads/{Uri.EscapeDataString(globalId)}", stop);

    /// <summary>Workloads by customer, next action and kind; null leaves a filter out.</summary>
    public Task<ExplorerOutcome<Listing<Workload>>> ListWorkloadsAsync(long? customer, NextAction? action, WorkloadType? type, int page, CancellationToken stop) =>
        ListWorkloadsAsync(customer, action, type, page, size: null, stop);

    /// <summary>As the other, with so many on a page, <see cref="LargestPage"/> at most.</summary>
    public Task<ExplorerOutcome<Listing<Workload>>> ListWorkloadsAsync(long? customer, NextAction? action, WorkloadType? type, int page, int? size, CancellationToken stop) =>
        ListAsync<Workload>("/reservations/workloads" + Query(("customer_tid", Text(customer)), ("next_action", Text((int?)action)), ("workload_type", Text((int?)type)), ("page", Text(page)), ("size", Text(size))), stop);

    /// <summary>What a gateway has to do, from an id on (0: all). Not signed, as in the original.</summary>
    public async Task<ExplorerOutcome<WorkloadPage>> PollAsync(string nodeId, long from, CancellationToken stop)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"/reservations/nodes/{Uri.EscapeDataString(nodeId)}/workloads?from={from}");
        return await _http.SendAsync(HttpMethod.Get, path, body: null, isSigned: false, Page, stop);
    }

    /// <summary>Reports how provisioning ended. The result must be signed (see <see cref="ResultSignature.Sign"/>).</summary>
    public Task<ExplorerOutcome<Accepted>> PutResultAsync(string nodeId, string globalId, WorkloadResult result, CancellationToken stop) =>
        TellAsync(HttpMethod.Put, NodePath(nodeId, globalId), ExplorerJson.Write(result), stop);

    /// <summary>Reports that a workload is gone from the gateway.</summary>
    public Task<ExplorerOutcome<Accepted>> ReportDeletedAsync(string nodeId, string globalId, CancellationToken stop) =>
        TellAsync(HttpMethod.Delete, NodePath(nodeId, globalId), body: null, stop);

    /// <summary>Hands in a signer's agreement to the deletion (see <see cref="WorkloadChallenge.SignDelete"/>, made from the stored workload).</summary>
    public Task<ExplorerOutcome<Accepted>> SignDeleteAsync(long id, WorkloadSignature signature, CancellationToken stop) =>
        TellAsync(HttpMethod.Post, string.Create(CultureInfo.InvariantCulture, $"/reservations/workloads/{id}/sign/delete"), ExplorerJson.Write(signature), stop);

    /// <summary>Hands in a signer's agreement to the creation (see <see cref="WorkloadChallenge.SignProvision"/>, made from the stored workload). 400 when none is waited for.</summary>
    public Task<ExplorerOutcome<Accepted>> SignProvisionAsync(long id, WorkloadSignature signature, CancellationToken stop) =>
        TellAsync(HttpMethod.Post, string.Create(CultureInfo.InvariantCulture, $"/reservations/workloads/{id}/sign/provision"), ExplorerJson.Write(signature), stop);

    private static string NodePath(string nodeId, string globalId) => $"/reservations/nodes/{Uri.EscapeDataString(nodeId)}/workloads/{Uri.EscapeDataString(globalId)}";

    private static WorkloadPage? Page(ExplorerAnswer answer) =>
        answer.Many<Workload>() is { } list ? new WorkloadPage(list.Items, list.Faults, answer.LastId) : null;
}
