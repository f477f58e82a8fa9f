using System.Diagnostics;

namespace Gateway.Model.Routes;

/// <summary>Where a host's visitors go: a closed set, so that "both" and "neither" cannot be written.</summary>
public abstract record Target
{
    private Target()
    {
    }

    /// <summary>Chooses by kind; a new kind breaks every caller at compile time, which is the point.</summary>
    public T Match<T>(Func<Dial, T> dial, Func<Tunnel, T> tunnel) => this switch
    {
        Dial it => dial(it),
        Tunnel it => tunnel(it),
        _ => throw new UnreachableException(),
    };

    /// <summary>
    /// Dial an upstream. <paramref name="Address"/> is an IP literal or a host name as the tenant wrote it, never empty;
    /// a port of 0 means that this kind of traffic is not served (0 to 65535).
    /// </summary>
    public sealed record Dial(string Address, int HttpPort, int TlsPort) : Target
    {
        /// <summary>The most addresses that take turns.</summary>
        public const int MaxMore = 15;

        /// <summary>Further addresses with the same ports, which take turns with <see cref="Address"/>; usually none.</summary>
        public EquatableList<string> More { get; init; } = None;

        /// <summary>
        /// The operator wrote it into the node's own configuration, so the address policy, which guards against tenants, does not
        /// apply. Never read from Redis, and never written there.
        /// </summary>
        public bool IsOperators { get; init; }

        /// <summary>One of the addresses by its place in the route: 0 is <see cref="Address"/>, those of <see cref="More"/> follow.</summary>
        public string AddressAt(int place) => place == 0 ? Address : More[place - 1];

        private static EquatableList<string> None { get; } = new([]);
    }

    /// <summary>Open a stream of the tunnel whose client proved <paramref name="Secret"/>.</summary>
    public sealed record Tunnel(Secret Secret) : Target;
}

/// <summary>
/// One host's route as it stands in Redis (`/tcprouter/service/&lt;host&gt;`).
/// </summary>
/// <param name="Host">The host, or a wildcard name `*.example.org`.</param>
/// <param name="Target">Where its visitors go.</param>
/// <param name="User">Decimal id of the owner; empty when the operator wrote the route by hand.</param>
public sealed record Route(DomainName Host, Target Target, string User)
{
    /// <summary>How its visitors are carried.</summary>
    public RouteRules Rules { get; init; } = RouteRules.Default;
}
