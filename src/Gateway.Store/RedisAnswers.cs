namespace Gateway.Store;

/// <summary>Answers of the client library, of which some are none.</summary>
public static class RedisAnswers
{
    /// <summary>The answer. Where a connection broke under the command, the library now and then gives null instead of a fault; what Redis has not is no null.</summary>
    /// <exception cref="RedisAwayException">There is none.</exception>
    public static async Task<T> OrAwayAsync<T>(this Task<T> asked) where T : class =>
        await asked ?? throw new RedisAwayException("The connection to Redis broke under a command.");
}
