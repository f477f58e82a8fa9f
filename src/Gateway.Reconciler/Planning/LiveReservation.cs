using System.Globalization;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Gateway.Model.Reservations;

namespace Gateway.Reconciler.Planning;

/// <summary>A reservation with what has to be carried along for the explorer and for the cache in Redis.</summary>
/// <param name="Content">What was asked.</param>
/// <param name="Category">The explorer's number of the kind, also when it is one that we do not serve.</param>
/// <param name="CustomerSignature">Hex text.</param>
/// <param name="Reference">Id in an older explorer, mostly empty.</param>
/// <param name="Version">The explorer's version of the reservation.</param>
internal sealed record LiveReservation(Reservation Content, WorkloadType Category, string CustomerSignature = "", string Reference = "", int Version = 2)
{
    /// <summary>As the cache in Redis keeps it.</summary>
    public static LiveReservation From(StoredReservation stored) =>
        new(stored.Reservation, CategoryOf(stored.Reservation), stored.CustomerSignature, stored.Reference, stored.Version);

    public string Id => Content.Id;

    /// <summary>The number that the explorer gave: lower means earlier. An id that is no number comes last.</summary>
    public long Number { get; } = NumberOf(Content.Id);

    /// <summary>The name it is about; null for kinds without one.</summary>
    public DomainName? Name => Content switch
    {
        Reservation.DelegateDomain it => it.Domain,
        Reservation.Subdomain it => it.Domain,
        Reservation.Proxy it => it.Domain,
        Reservation.ReverseProxy it => it.Domain,
        _ => null,
    };

    public bool IsDelegation => Content is Reservation.DelegateDomain;

    /// <summary>True when the same user asks the same kind of thing for the same name.</summary>
    public bool HasSameWish(LiveReservation other) => other.Category == Category && other.Content.User == Content.User && other.Name == Name;

    /// <summary>Earlier reservations first; the same order wherever and whenever it is made.</summary>
    public static readonly Comparer<LiveReservation> ById = Comparer<LiveReservation>.Create((left, right) =>
        left.Number != right.Number ? left.Number.CompareTo(right.Number) : string.CompareOrdinal(left.Id, right.Id));

    private static WorkloadType CategoryOf(Reservation content) => content switch
    {
        Reservation.Proxy => WorkloadType.Proxy,
        Reservation.ReverseProxy => WorkloadType.ReverseProxy,
        Reservation.Subdomain => WorkloadType.Subdomain,
        Reservation.DelegateDomain => WorkloadType.DomainDelegate,
        _ => WorkloadType.Gateway4To6,
    };

    private static long NumberOf(string id)
    {
        var end = id.IndexOf('-', StringComparison.Ordinal);
        return long.TryParse(end < 0 ? id : id.AsSpan(0, end), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : long.MaxValue;
    }
}
