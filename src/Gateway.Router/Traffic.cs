namespace Gateway.Router;

/// <summary>The two kinds of traffic that a route has a port for.</summary>
internal enum Traffic
{
    /// <summary>TLS, passed through untouched and routed by server name.</summary>
    Tls,

    /// <summary>HTTP, routed request by request by its Host.</summary>
    Http,
}
