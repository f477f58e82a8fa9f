using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Gateway.Model;

/// <summary>
/// The change ledger: a stream that takes one entry for each key or field that our own writer changes, in the script that
/// changes it. Keyspace events tell readers to look; the entry tells them where.
/// </summary>
public static partial class RedisSchema
{
    /// <summary>The stream of changes.</summary>
    public const string LedgerKey = "gateway:changes";

    /// <summary>Counter that numbers ledger entries without a gap; a gap tells a reader that entries were trimmed or lost.</summary>
    public const string LedgerSequenceKey = "gateway:changes:seq";

    /// <summary>The highest fencing number that a writer took; a script that carries a lower one changes nothing.</summary>
    public const string FenceKey = "gateway:fence";

    /// <summary>Who may write: the instance, a number drawn at its start, and its fencing number, with blanks between; expires by Redis' clock.</summary>
    public const string LeaseKey = "gateway:lease";

    /// <summary>Written and deleted at once to find out whether keyspace events arrive, where the setting itself is hidden.</summary>
    public const string EventsTrialKey = "gateway:events-trial";

    /// <summary>Entries kept in the stream (approximately): a reader that is further behind compares everything instead.</summary>
    public const int LedgerLength = 100_000;

    /// <summary>Name of the entry member that holds the sequence number.</summary>
    public const string LedgerSequenceMember = "n";

    /// <summary>Name of the entry member that holds the changed key.</summary>
    public const string LedgerKeyMember = "k";

    /// <summary>Name of the entry member that holds the changed hash field; absent when the whole key changed.</summary>
    public const string LedgerFieldMember = "f";

    /// <summary>Name of the entry member that counts the keyspace events which the change raised on its key.</summary>
    public const string LedgerEventsMember = "e";

    /// <summary>Name of the entry member that is there, as <c>1</c>, when the change took the place away: our own writer meant that.</summary>
    public const string LedgerDeletionMember = "d";

    /// <summary>
    /// Hashes that are read by field at the moment of need, or whole, but followed by nobody: of all changes that one script makes
    /// in such a key there is one entry, which names no field.
    /// </summary>
    public static readonly IReadOnlyList<string> LedgerWholeKeys = [NameOwnersKey, OutboxKey, ProofsKey, QuarantineKey, ReconcilerKey, ReservationsKey];

    /// <summary>One line of the ledger.</summary>
    /// <param name="Sequence">1, 2, 3 … without a gap.</param>
    /// <param name="Key">The Redis key that changed.</param>
    /// <param name="Field">The hash field that changed; null when the key changed as a whole.</param>
    /// <param name="Events">Keyspace events that the change raised on the key: those are explained by this entry.</param>
    /// <param name="IsDeletion">True when the place was taken away.</param>
    public readonly record struct LedgerEntry(long Sequence, string Key, string? Field, int Events, bool IsDeletion = false);

    /// <summary>Reads the members of a stream entry, as name, value, name, value …; unknown members are passed over.</summary>
    public static bool TryDecodeLedgerEntry(ReadOnlySpan<string> members, [NotNullWhen(true)] out LedgerEntry? entry)
    {
        entry = null;
        string? key = null, field = null;
        long sequence = 0;
        var events = 0;
        var isDeletion = false;
        for (var i = 0; i + 1 < members.Length; i += 2)
        {
            switch (members[i])
            {
                case LedgerKeyMember: key = members[i + 1]; break;
                case LedgerFieldMember: field = members[i + 1]; break;
                case LedgerDeletionMember: isDeletion = members[i + 1] == "1"; break;
                case LedgerSequenceMember when !long.TryParse(members[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out sequence): return false;
                case LedgerEventsMember when !int.TryParse(members[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out events): return false;
            }
        }

        if (key is null || sequence < 1) return false;
        entry = new LedgerEntry(sequence, key, field, events, isDeletion);
        return true;
    }
}
