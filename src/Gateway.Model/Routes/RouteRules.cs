namespace Gateway.Model.Routes;

/// <summary>
/// How a route's visitors are carried, beyond where they go. In Redis these are members that older readers pass over; each is
/// written only when it differs from the default.
/// </summary>
public sealed record RouteRules
{
    /// <summary>The longest idle time in seconds: a week.</summary>
    public const int MaxIdleSeconds = 7 * 24 * 3600;

    /// <summary>The check that only connects.</summary>
    public const string TcpCheck = "tcp";

    /// <summary>The longest time between two checks: an hour.</summary>
    public const int MaxHealthSeconds = 3600;

    /// <summary>The time between two checks where nothing is said.</summary>
    public const int DefaultHealthSeconds = 10;

    /// <summary>The longest path that is fetched.</summary>
    private const int MaxPath = 1024;

    /// <summary>True for what <see cref="HealthCheck"/> may be: nothing that could end the line of a request.</summary>
    public static bool IsHealthCheck(string text) =>
        text is "" or TcpCheck || (text.StartsWith('/') && text.Length <= MaxPath && !text.AsSpan().ContainsAnyExceptInRange('!', '~'));

    /// <summary>What a route without any of these members has.</summary>
    public static RouteRules Default { get; } = new();

    /// <summary>The version of the PROXY header that opens each connection to the upstream: 0 (none), 1 or 2. Member `proxyprotocol`.</summary>
    public int ProxyProtocol { get; init; }

    /// <summary>HTTP requests are answered with a redirect to HTTPS, but for ACME challenges. Member `httpsredirect`.</summary>
    public bool RedirectToHttps { get; init; }

    /// <summary>
    /// How its upstreams are asked whether they are well: empty (not at all), <see cref="TcpCheck"/>, or a path that begins with a
    /// slash and is fetched by GET. Member `healthcheck`.
    /// </summary>
    public string HealthCheck { get; init; } = "";

    /// <summary>Seconds between two checks, 1 to <see cref="MaxHealthSeconds"/>. Member `healthseconds`.</summary>
    public int HealthSeconds { get; init; } = DefaultHealthSeconds;

    /// <summary>The operator froze its user: visitors are told so, and nobody is carried. Member `frozen`.</summary>
    public bool IsFrozen { get; init; }

    /// <summary>Seconds after which a silent connection is cut, 1 to <see cref="MaxIdleSeconds"/>; 0: as the router is set. Member `idleseconds`.</summary>
    public int IdleSeconds { get; init; }

    /// <summary>
    /// Seconds after which a side that takes next to nothing of what waits for it is cut, 1 to <see cref="MaxIdleSeconds"/>; 0: as the
    /// router is set. Member `stallseconds`.
    /// </summary>
    public int StallSeconds { get; init; }
}
