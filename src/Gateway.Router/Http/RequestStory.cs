using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Router.Http;

/// <summary>What is to be told of one request when the visitor has its answer. A connection has one for all its requests.</summary>
internal sealed class RequestStory(IFeatureCollection features)
{
    /// <summary>The request and its answer.</summary>
    public DefaultHttpContext Http { get; } = new(features);

    /// <summary>The timestamp at which it came.</summary>
    public long Began { get; private set; }

    /// <summary>Its span; null: nobody collects them.</summary>
    public Activity? Span { get; private set; }

    /// <summary>How it ended.</summary>
    public VisitEnd End { get; private set; }

    /// <summary>Where it was forwarded to; empty: nowhere.</summary>
    public string Upstream { get; private set; } = "";

    /// <summary>The status of the answer.</summary>
    public int Status { get; private set; }

    /// <summary>A request has come. Until it is known how it ends, its visitor is taken to have broken off: then its answer cannot be written.</summary>
    public void Begin(long now, Activity? span) => (Began, Span, End, Upstream, Status) = (now, span, VisitEnd.VisitorBroke, "", Http.Response.StatusCode);

    /// <summary>It is known how it ended.</summary>
    public void Decide(VisitEnd end, string upstream) => (End, Upstream, Status) = (end, upstream, Http.Response.StatusCode);
}
