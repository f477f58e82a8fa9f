namespace Gateway.Store;

/// <summary>Redis is not connected at the moment, so nothing was asked and nothing was written.</summary>
/// <param name="message">One line: which Redis, and why.</param>
public sealed class RedisAwayException(string message) : IOException(message);
