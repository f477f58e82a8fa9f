namespace Gateway.Dns.Zones;

/// <summary>Something that a <see cref="NameTable{T}"/> finds by name; a structure around one reference.</summary>
internal interface INamed
{
    /// <summary>False for the default value.</summary>
    bool Exists { get; }

    /// <summary>Lower-cased wire octets.</summary>
    ReadOnlySpan<byte> Key { get; }
}

/// <summary>
/// A hash table of names for one writer and any number of readers, who take no lock and never wait. A change of one name writes
/// one slot; only growing copies, and then references alone.
/// </summary>
/// <remarks>
/// Open addressing. A slot's hash is written after its item and never changes in that array; a removed item leaves its hash
/// behind as a tombstone, which the same hash may use again. Growing builds new arrays and publishes them in one step.
/// </remarks>
internal sealed class NameTable<T> where T : struct, INamed
{
    private const int SmallestCapacity = 4;

    private volatile Slots _slots = new(SmallestCapacity);
    private int _used;

    /// <summary>Names in the table.</summary>
    public int Count { get; private set; }

    /// <summary>The item with this key, or the default value.</summary>
    public T Find(uint hash, ReadOnlySpan<byte> key)
    {
        var slots = _slots;
        for (var i = (int)hash & slots.Mask; slots.Hashes[i] != 0; i = (i + 1) & slots.Mask)
        {
            if (slots.Hashes[i] != hash) continue;
            var item = slots.Items[i];
            if (item.Exists && item.Key.SequenceEqual(key)) return item;
        }

        return default;
    }

    /// <summary>The item whose key is <c>*.</c> and then <paramref name="parent"/>.</summary>
    public T FindWildcard(uint hash, ReadOnlySpan<byte> parent)
    {
        var slots = _slots;
        for (var i = (int)hash & slots.Mask; slots.Hashes[i] != 0; i = (i + 1) & slots.Mask)
        {
            if (slots.Hashes[i] != hash) continue;
            var item = slots.Items[i];
            if (item.Exists && item.Key is [1, (byte)'*', ..] && item.Key[2..].SequenceEqual(parent)) return item;
        }

        return default;
    }

    /// <summary>Puts an item in place of the one with the same key. The writer only.</summary>
    public void Set(uint hash, T item)
    {
        var at = SlotOf(hash, item.Key);
        if (_slots.Hashes[at] == 0)
        {
            if ((_used + 1) * 4 > _slots.Hashes.Length * 3)
            {
                Rebuild();
                at = SlotOf(hash, item.Key);
            }

            _used++;
        }

        if (!_slots.Items[at].Exists) Count++;
        _slots.Items[at] = item;
        // The item first: a reader that sees the hash finds it there.
        Volatile.Write(ref _slots.Hashes[at], hash);
    }

    /// <summary>Takes the item with this key away, if there is one. The writer only.</summary>
    public void Remove(uint hash, ReadOnlySpan<byte> key)
    {
        var at = SlotOf(hash, key);
        if (!_slots.Items[at].Exists) return;
        _slots.Items[at] = default;
        Count--;
    }

    /// <summary>Every item that stood in the table when the walk passed its slot.</summary>
    public IEnumerable<T> Items()
    {
        var slots = _slots;
        for (var i = 0; i < slots.Items.Length; i++)
        {
            var item = slots.Items[i];
            if (item.Exists) yield return item;
        }
    }

    /// <summary>The slot of this key, else a tombstone of the same hash, else the first empty slot.</summary>
    private int SlotOf(uint hash, ReadOnlySpan<byte> key)
    {
        var slots = _slots;
        var tombstone = -1;
        var i = (int)hash & slots.Mask;
        for (; slots.Hashes[i] != 0; i = (i + 1) & slots.Mask)
        {
            if (slots.Hashes[i] != hash) continue;
            if (!slots.Items[i].Exists) tombstone = i;
            else if (slots.Items[i].Key.SequenceEqual(key)) return i;
        }

        return tombstone >= 0 ? tombstone : i;
    }

    private void Rebuild()
    {
        var old = _slots;
        var capacity = SmallestCapacity;
        // Room for as many names again before the next time: so a change costs O(1) over time.
        while (capacity < Count * 2 + 2) capacity *= 2;
        var grown = new Slots(capacity);
        _used = 0;
        for (var i = 0; i < old.Items.Length; i++)
        {
            if (!old.Items[i].Exists) continue;
            var at = (int)old.Hashes[i] & grown.Mask;
            while (grown.Hashes[at] != 0) at = (at + 1) & grown.Mask;
            (grown.Hashes[at], grown.Items[at]) = (old.Hashes[i], old.Items[i]);
            _used++;
        }

        _slots = grown;
    }

    private sealed class Slots(int capacity)
    {
        public readonly uint[] Hashes = new uint[capacity];
        public readonly T[] Items = new T[capacity];

        public int Mask => Hashes.Length - 1;
    }
}
