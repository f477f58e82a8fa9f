namespace Gateway.Model.Reservations;

/// <summary>A reservation that this gateway serves, as it is kept in Redis beside what it led to (`tfgateway_reservations`).</summary>
/// <param name="Reservation">What was asked.</param>
/// <param name="CustomerSignature">Hex text as the explorer holds it; empty when there was none.</param>
/// <param name="Reference">Id in an older explorer; empty for every new reservation.</param>
/// <param name="Version">The explorer's version of the reservation: 0 to 2 so far.</param>
/// <param name="Result">What was reported.</param>
public sealed record StoredReservation(Reservation Reservation, string CustomerSignature, string Reference, int Version, StoredResult Result)
{
    /// <summary>The gateway's mark on it (<see cref="Crypto.ReservationSeal"/>); empty where an earlier version wrote it.</summary>
    public string Seal { get; init; } = "";
}

/// <summary>The result of a reservation, as it was signed and reported.</summary>
/// <param name="State">0 error, 1 ok, 2 deleted.</param>
/// <param name="Message">The error, empty when it went well.</param>
/// <param name="DataJson">Compact JSON; `null` for every kind but gateway4to6.</param>
/// <param name="Signature">Hex signature of the gateway over state, message and data.</param>
/// <param name="Created">When it was made.</param>
public sealed record StoredResult(int State, string Message, string DataJson, string Signature, GoTime Created);
