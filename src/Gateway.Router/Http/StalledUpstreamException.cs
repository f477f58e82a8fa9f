namespace Gateway.Router.Http;

/// <summary>
/// The upstream was cut, for it took next to nothing of what waited for it. An exception because a stream of the HTTP client's knows
/// no other way to say so; <see cref="HttpVisit"/> turns it back into a value.
/// </summary>
internal sealed class StalledUpstreamException(IOException? cut = null) : IOException("the upstream took nothing of what waited for it", cut)
{
    /// <summary>Whether this is what an exception of the HTTP client is about.</summary>
    public static bool IsIn(Exception? exception) => exception switch
    {
        null => false,
        StalledUpstreamException => true,
        // An upgraded connection may fail both ways at once.
        AggregateException several => several.InnerExceptions.Any(IsIn),
        _ => IsIn(exception.InnerException),
    };
}
