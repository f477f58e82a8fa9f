using Gateway.Router.Upstreams;

namespace Gateway.Router.Http;

/// <summary>
/// There is no connection to the upstream. An exception because the HTTP client's connect callback knows no other way to say so;
/// <see cref="HttpVisit"/> turns it back into a value.
/// </summary>
internal sealed class UpstreamException(DialFault fault, string label) : IOException($"{label}: {fault}")
{
    /// <summary>Why.</summary>
    public DialFault Fault { get; } = fault;

    /// <summary>The fault that an exception of the HTTP client wraps, if that is what it is about.</summary>
    public static DialFault? Find(Exception? exception)
    {
        for (var at = exception; at is not null; at = at.InnerException)
            if (at is UpstreamException upstream) return upstream.Fault;
        return null;
    }
}
