using Gateway.Model.Reservations;

namespace Gateway.Reconciler.Storing;

/// <summary>An entry of the outbox.</summary>
/// <param name="Id">Global workload id.</param>
/// <param name="Entry">What is to be told.</param>
/// <param name="Raw">As it stands in Redis.</param>
internal sealed record WaitingReport(string Id, OutboxEntry Entry, string Raw);
