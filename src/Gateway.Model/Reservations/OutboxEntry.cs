namespace Gateway.Model.Reservations;

/// <summary>What the explorer has still to be told about a reservation: a result, then perhaps that it was removed.</summary>
/// <param name="Category">The explorer's number of the kind.</param>
/// <param name="State">0 error, 1 ok; null when only the removal is to be told.</param>
/// <param name="Message">The error, empty when it went well.</param>
/// <param name="Delete">The removal is told after the result.</param>
/// <param name="Since">Unix seconds: when it was decided.</param>
public sealed record OutboxEntry(int Category, int? State, string Message, bool Delete, long Since);
