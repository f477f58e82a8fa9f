using System.Runtime.InteropServices;

namespace Gateway.Reconciler.Planning;

/// <summary>Counting by key.</summary>
internal static class Counts
{
    /// <summary>Changes a count; one that comes to nothing takes no room.</summary>
    public static void Change<TKey>(this Dictionary<TKey, int> counts, TKey key, int change) where TKey : notnull
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(counts, key, out _);
        count += change;
        if (count == 0) counts.Remove(key);
    }
}
