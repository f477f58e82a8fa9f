namespace Gateway.Store.Guarding;

/// <summary>When so much is gone at once that it looks like an accident of Redis rather than somebody's wish.</summary>
internal static class Shrinkage
{
    /// <summary>So few are anybody's everyday business, unless nothing is left.</summary>
    internal const int Few = 10;

    /// <summary>One part in this many is anybody's everyday business.</summary>
    internal const int Share = 5;

    /// <summary>Whether it is more than ten entries and more than a fifth of them, or all there were.</summary>
    /// <param name="gone">Entries that one look found missing.</param>
    /// <param name="served">Entries served before the look.</param>
    /// <param name="isWhole">True for a look at everything; else somebody deleted these very places, and few may go, were they the last.</param>
    internal static bool IsSuspicious(int gone, int served, bool isWhole)
    {
        if (isWhole && gone > 0 && gone >= served) return true;
        return gone > Few && (long)gone * Share > served;
    }
}
