using Gateway.Store.Guarding;

namespace Gateway.Store;

/// <summary>What a <see cref="ShrinkGuard"/> says of entries that are gone from Redis.</summary>
public sealed class Departures
{
    private readonly OwnDeletions? _explained;

    private Departures(OwnDeletions? explained) => _explained = explained;

    /// <summary>Everything that is gone may be served no more.</summary>
    internal static Departures All { get; } = new(null);

    /// <summary>Only what our own writers took away may be served no more.</summary>
    internal static Departures Of(OwnDeletions explained) => new(explained);

    /// <summary>True when the entry at this place may be served no more; false: it is served on as it was.</summary>
    public bool MayGo(KeyChange place) => _explained is null || _explained.Explain(place);
}
