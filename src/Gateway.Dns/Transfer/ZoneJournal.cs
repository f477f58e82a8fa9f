using System.Diagnostics.CodeAnalysis;
using Gateway.Dns.Zones;

namespace Gateway.Dns.Transfer;

/// <summary>What a change did to one name. A side without data does not exist.</summary>
internal readonly record struct NameChange(NameBlock Before, NameBlock After)
{
    /// <summary>The labels of the name below the zone.</summary>
    public ReadOnlySpan<byte> Key => Before.Exists ? Before.Key : After.Key;

    /// <summary>Octets that the change keeps alive.</summary>
    public int Size => (Before.Exists ? Before.Size : 0) + (After.Exists ? After.Size : 0);
}

/// <summary>What happened between two serials. Those are in the SOA records of the two apexes.</summary>
internal sealed record JournalStep(ZoneHead Before, ZoneHead After, IReadOnlyList<NameChange> Changes);

/// <summary>A zone as it was at one serial. Immutable: the blocks are, and the list is a copy.</summary>
internal sealed record ZoneView(ZoneHead Head, NameBlock[] Names);

/// <summary>
/// What changed in a zone since its last serial, and in the serials before. The zone's writer notes every block that it replaces and
/// commits when it serves a new serial; transfers ask for views and steps, from any thread. Bounded: who is too far behind gets the
/// whole zone (RFC 1995 section 4).
/// </summary>
internal sealed class ZoneJournal
{
    /// <summary>Changed names that are remembered; with more the whole zone is hardly longer.</summary>
    public const int MostChanges = 4_096;

    /// <summary>Octets of replaced blocks that are remembered.</summary>
    public const int MostOctets = 2 * 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly Queue<JournalStep> _steps = new();
    private readonly WeakReference<ZoneView?> _lastView = new(null);
    private List<NameChange> _pending = [];
    private ZoneHead? _committed;
    private int _octets;
    private int _changes;
    private bool _isOverfull;

    /// <summary>Held while a block is replaced and noted, so that whoever takes a view sees both or none.</summary>
    public Lock Gate => _lock;

    /// <summary>Notes that a name is about to be changed. The writer only, who holds <see cref="Gate"/> until it is.</summary>
    /// <param name="before">What the name had; not existing for nothing.</param>
    /// <param name="after">What it will have; not existing for nothing.</param>
    public void Note(NameBlock before, NameBlock after)
    {
        if (!before.Exists && !after.Exists) return;
        // Before the first serial there is nothing that could be undone: the zone is being loaded.
        _isOverfull |= _committed is null || _pending.Count == MostChanges;
        if (!_isOverfull) _pending.Add(new NameChange(before, after));
    }

    /// <summary>Closes a step: from here on the zone is what this head's serial stands for. The writer only.</summary>
    public void Commit(ZoneHead head)
    {
        lock (_lock)
        {
            if (_committed is null || _isOverfull) Forget();
            else if (head.Serial != _committed.Serial) Append(new JournalStep(_committed, head, _pending));
            else return;
            (_committed, _pending, _isOverfull) = (head, [], false);
        }
    }

    /// <summary>The zone at its committed serial. False while it is being loaded, or changed at large: soon again.</summary>
    public bool TryView(Zone zone, [NotNullWhen(true)] out ZoneView? view)
    {
        lock (_lock)
        {
            view = null;
            if (_committed is null || _isOverfull) return false;
            if (_lastView.TryGetTarget(out view) && view.Head == _committed) return true;
            view = new ZoneView(_committed, [.. Committed(zone)]);
            _lastView.SetTarget(view);
            return true;
        }
    }

    /// <summary>The steps from a serial to the committed one. False when they are not all remembered.</summary>
    /// <param name="serial">What the secondary has.</param>
    /// <param name="head">The committed head, whatever the result; null while the zone is being loaded.</param>
    /// <param name="steps">Oldest first; none when the secondary is up to date.</param>
    public bool TrySince(uint serial, [NotNullWhen(true)] out ZoneHead? head, out IReadOnlyList<JournalStep> steps)
    {
        lock (_lock)
        {
            head = _committed;
            steps = [];
            if (head is null || _isOverfull) return false;
            if (IsAtLeast(serial, head.Serial)) return true;
            steps = [.. _steps.SkipWhile(step => step.Before.Serial != serial)];
            return steps.Count > 0;
        }
    }

    // RFC 1982 section 3.2. A secondary that is ahead of us has nothing to learn here.
    private static bool IsAtLeast(uint serial, uint than) => unchecked((int)(serial - than)) >= 0;

    private IEnumerable<NameBlock> Committed(Zone zone)
    {
        if (_pending.Count == 0) return zone.Names.Items().Where(block => block.HasData);
        var undone = new Dictionary<string, NameBlock>(_pending.Count);
        foreach (var change in _pending) undone.TryAdd(KeyOf(change.Key), change.Before);
        return zone.Names.Items()
            .Where(block => block.HasData && !undone.ContainsKey(KeyOf(block.Key)))
            .Concat(undone.Values.Where(block => block.Exists && block.HasData));
    }

    private static string KeyOf(ReadOnlySpan<byte> key) => Convert.ToHexString(key);

    private void Append(JournalStep step)
    {
        _steps.Enqueue(step);
        Count(step, 1);
        while (_steps.Count > 1 && (_changes > MostChanges || _octets > MostOctets)) Count(_steps.Dequeue(), -1);
    }

    private void Count(JournalStep step, int sign)
    {
        _changes += sign * (step.Changes.Count + 1);
        _octets += sign * step.Changes.Sum(change => change.Size);
    }

    private void Forget()
    {
        _steps.Clear();
        (_changes, _octets) = (0, 0);
    }
}
