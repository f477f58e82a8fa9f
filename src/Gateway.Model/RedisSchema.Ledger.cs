using System.Globalization;

namespace Gateway.Model;

/// <summary>
/// The change ledger: a stream that takes an entry for each key or field that our own writer changes, or one for some that it sets
/// together, in the script that changes them. Keyspace events tell readers to look; the entry tells them where.
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
    /// Name of the entry members that hold the fields that were set together. Readers that do not know it find no field, and take the
    /// key as changed whole.
    /// </summary>
    public const string LedgerFieldsMember = "g";

    /// <summary>
    /// Name of the entry members that hold the keys that were set together, each of which raised one event. Readers that do not know
    /// it cannot read the entry, and compare everything.
    /// </summary>
    public const string LedgerKeysMember = "j";

    /// <summary>Fields or keys that one entry holds at most: with more hardly anything is saved, and the stream is bounded by entries.</summary>
    public const int LedgerGroup = 16;

    /// <summary>
    /// Hashes that are read by field at the moment of need, or whole, but followed by nobody: of all changes that one script makes
    /// in such a key there is one entry, which names no field.
    /// </summary>
    public static readonly IReadOnlyList<string> LedgerWholeKeys = [NameOwnersKey, OutboxKey, ProofsKey, QuarantineKey, ReconcilerKey, ReservationsKey];

    /// <summary>One change that the ledger tells of.</summary>
    /// <param name="Sequence">The number of its entry: 1, 2, 3 … without a gap. What was set together has the same one.</param>
    /// <param name="Key">The Redis key that changed.</param>
    /// <param name="Field">The hash field that changed; null when the key changed as a whole.</param>
    /// <param name="Events">Keyspace events that the change raised on the key: those are explained by this entry.</param>
    /// <param name="IsDeletion">True when the place was taken away.</param>
    public readonly record struct LedgerEntry(long Sequence, string Key, string? Field, int Events, bool IsDeletion = false);

    /// <summary>Reads the members of a stream entry, as name, value, name, value …; unknown members are passed over.</summary>
    /// <param name="members">The names and values.</param>
    /// <param name="changes">What the entry tells of is added here; nothing when it cannot be read.</param>
    public static bool TryDecodeLedgerEntry(ReadOnlySpan<string> members, List<LedgerEntry> changes)
    {
        string? key = null, field = null;
        long sequence = 0;
        var (events, together) = (0, 0);
        var isDeletion = false;
        for (var i = 0; i + 1 < members.Length; i += 2)
        {
            switch (members[i])
            {
                case LedgerKeyMember: key = members[i + 1]; break;
                case LedgerFieldMember: field = members[i + 1]; break;
                case LedgerFieldsMember or LedgerKeysMember: together++; break;
                case LedgerDeletionMember: isDeletion = members[i + 1] == "1"; break;
                case LedgerSequenceMember when !long.TryParse(members[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out sequence): return false;
                case LedgerEventsMember when !int.TryParse(members[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out events): return false;
            }
        }

        if (sequence < 1 || (key is null && together == 0)) return false;
        var before = changes.Count;
        if (together == 0) changes.Add(new LedgerEntry(sequence, key!, field, events, isDeletion));
        else AddTogether(members, sequence, key, events, changes);
        return changes.Count > before;
    }

    private static void AddTogether(ReadOnlySpan<string> members, long sequence, string? key, int events, List<LedgerEntry> changes)
    {
        for (var i = 0; i + 1 < members.Length; i += 2)
        {
            if (members[i] == LedgerKeysMember) changes.Add(new LedgerEntry(sequence, members[i + 1], null, 1));
            if (members[i] != LedgerFieldsMember || key is null) continue;
            changes.Add(new LedgerEntry(sequence, key, members[i + 1], events));
            // They share the events of the one command.
            events = 0;
        }
    }
}
