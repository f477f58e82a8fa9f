using Gateway.Dns.Zones;

namespace Gateway.Dns.Transfer;

/// <summary>Which records a transfer carries, in order.</summary>
internal static class TransferContents
{
    /// <summary>The whole zone: SOA, everything else, SOA again (RFC 5936 section 2.2).</summary>
    public static IEnumerable<TransferRecord> Whole(ZoneView view) =>
        Between(view.Head, view.Names.Prepend(view.Head.Apex).SelectMany(TransferRecord.Of));

    /// <summary>
    /// The newest SOA; for each step the old SOA, what went, the new SOA, what came; the newest SOA again (RFC 1995 section 4). With
    /// no step, the SOA alone: the secondary is up to date.
    /// </summary>
    public static IEnumerable<TransferRecord> Steps(ZoneHead newest, IReadOnlyList<JournalStep> steps) =>
        steps.Count == 0 ? [TransferRecord.SoaOf(newest)] : Between(newest, steps.SelectMany(Step));

    private static IEnumerable<TransferRecord> Between(ZoneHead head, IEnumerable<TransferRecord> records) =>
        records.Prepend(TransferRecord.SoaOf(head)).Append(TransferRecord.SoaOf(head));

    private static IEnumerable<TransferRecord> Step(JournalStep step)
    {
        var changes = Merged(step);
        return changes.SelectMany(change => TransferRecord.Missing(change.Before, change.After))
            .Prepend(TransferRecord.SoaOf(step.Before))
            .Append(TransferRecord.SoaOf(step.After))
            .Concat(changes.SelectMany(change => TransferRecord.Missing(change.After, change.Before)));
    }

    // A name that changed twice between two serials went once from its first to its last state.
    private static List<NameChange> Merged(JournalStep step)
    {
        var merged = new List<NameChange> { new(step.Before.Apex, step.After.Apex) };
        var places = new Dictionary<string, int>();
        foreach (var change in step.Changes)
        {
            var key = Convert.ToHexString(change.Key);
            if (places.TryAdd(key, merged.Count)) merged.Add(change);
            else merged[places[key]] = merged[places[key]] with { After = change.After };
        }

        return merged;
    }
}
