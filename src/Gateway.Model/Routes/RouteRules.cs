namespace Gateway.Model.Routes;

/// <summary>
/// How a route's visitors are carried, beyond where they go. In Redis these are members that older readers pass over; each is
/// written only when it differs from the default.
/// </summary>
public sealed record RouteRules
{
    /// <summary>The longest idle time in seconds: a week.</summary>
    public const int MaxIdleSeconds = 7 * 24 * 3600;

    /// <summary>What a route without any of these members has.</summary>
    public static RouteRules Default { get; } = new();

    /// <summary>The version of the PROXY header that opens each connection to the upstream: 0 (none), 1 or 2. Member `proxyprotocol`.</summary>
    public int ProxyProtocol { get; init; }

    /// <summary>HTTP requests are answered with a redirect to HTTPS, but for ACME challenges. Member `httpsredirect`.</summary>
    public bool RedirectToHttps { get; init; }

    /// <summary>Seconds after which a silent connection is cut, 1 to <see cref="MaxIdleSeconds"/>; 0: as the router is set. Member `idleseconds`.</summary>
    public int IdleSeconds { get; init; }
}
