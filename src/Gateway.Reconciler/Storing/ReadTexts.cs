using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Gateway.Reconciler.Planning;

namespace Gateway.Reconciler.Storing;

/// <summary>
/// Sealed reservations by a digest of the text that held them at the last reading. A comparison finds nearly all of a hundred thousand as
/// they were: neither they nor their seals are looked into again.
/// </summary>
internal sealed class ReadTexts
{
    private Dictionary<string, (UInt128 Digest, LiveReservation Reservation)> _before = [];
    private Dictionary<string, (UInt128 Digest, LiveReservation Reservation)> _now = [];

    /// <summary>A reading begins.</summary>
    public void Begin() => _now = new(_before.Count);

    /// <summary>True when a reservation's text is what it was at the last reading.</summary>
    public bool TryGet(string id, ReadOnlySpan<byte> text, [NotNullWhen(true)] out LiveReservation? reservation)
    {
        reservation = null;
        if (!_before.TryGetValue(id, out var known) || known.Digest != DigestOf(text)) return false;
        reservation = known.Reservation;
        _now[id] = known;
        return true;
    }

    /// <summary>Notes what a text was found to hold.</summary>
    public void Add(LiveReservation reservation, ReadOnlySpan<byte> text) => _now[reservation.Id] = (DigestOf(text), reservation);

    /// <summary>The reading came to its end; one that did not leaves the last one in force.</summary>
    public void End() => (_before, _now) = (_now, []);

    // Half of SHA-256: nobody makes another text with the same.
    private static UInt128 DigestOf(ReadOnlySpan<byte> text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}
