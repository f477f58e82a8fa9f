using Gateway.Model.Crypto;
using Gateway.Model.Reservations;

namespace Gateway.Reconciler.Storing;

/// <summary>A reservation that Redis holds without this gateway's seal, and the text that holds it.</summary>
internal readonly record struct UnsealedReservation(string Raw, StoredReservation Stored);

/// <summary>
/// Which reservations in Redis are believed. An earlier version, or the old program, sealed none: what it left is taken, and sealed. Once
/// all in the copy beside Redis are sealed, nobody is believed any more who cannot.
/// </summary>
internal sealed class SealCheck(Identity gateway)
{
    /// <summary>What is said of a reservation that is not believed.</summary>
    public const string Fault = "it does not bear this gateway's seal: somebody else wrote or changed it";

    private readonly ReservationSeal _seal = new(gateway);
    private volatile bool _isStrict;

    /// <summary>True once only sealed reservations are believed.</summary>
    public bool IsStrict => _isStrict;

    /// <summary>True when the reservation bears this gateway's seal.</summary>
    public bool IsSealed(StoredReservation stored) => _seal.Holds(stored);

    /// <summary>True when the reservation may be taken for what this gateway wrote.</summary>
    public bool Believes(StoredReservation stored) => !_isStrict || IsSealed(stored);

    /// <summary>Tells what a copy beside Redis holds.</summary>
    public void Learn(IEnumerable<StoredReservation> copied)
    {
        var isAny = false;
        foreach (var it in copied)
        {
            isAny = true;
            if (!IsSealed(it))
            {
                _isStrict = false;
                return;
            }
        }

        _isStrict |= isAny;
    }
}
