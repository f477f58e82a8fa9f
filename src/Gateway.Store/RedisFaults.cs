using StackExchange.Redis;

namespace Gateway.Store;

/// <summary>What the exceptions of a Redis command mean: <c>catch (Exception e) when (RedisFaults.IsRedis(e))</c>.</summary>
public static class RedisFaults
{
    /// <summary>Redis could not be asked, or refused: broken input and output, not a bug of ours.</summary>
    public static bool IsRedis(Exception e) =>
        e is RedisAwayException or RedisException or RedisCommandException or TimeoutException or ObjectDisposedException;

    /// <summary>The server is there but has no data to show yet: it loads its file, or is a replica without its master.</summary>
    public static bool IsNotReadable(Exception e) =>
        e is RedisServerException && (StartsWith(e, "LOADING") || StartsWith(e, "MASTERDOWN"));

    /// <summary>The key holds another type than the command is for.</summary>
    public static bool IsMistyped(Exception e) => e is RedisServerException && e.Message.Contains("WRONGTYPE", StringComparison.Ordinal);

    /// <summary>The user may not do that: an access control list, or a renamed command.</summary>
    internal static bool IsForbidden(Exception e) =>
        e is RedisServerException && (StartsWith(e, "NOPERM") || e.Message.Contains("unknown command", StringComparison.OrdinalIgnoreCase));

    /// <summary>One line for a log or a health page.</summary>
    public static string Describe(Exception e) => IsNotReadable(e) ? $"not readable yet ({e.Message})" : FirstLine(e.Message);

    /// <summary>What the answer to a login and PING says; null when all is well.</summary>
    internal static string? DescribePing(string? answer) => answer switch
    {
        "+PONG" => null,
        null => "nobody answers there",
        _ when answer.StartsWith("-LOADING", StringComparison.Ordinal) || answer.StartsWith("-MASTERDOWN", StringComparison.Ordinal) => $"not readable yet ({answer[1..]})",
        _ when answer.StartsWith("-WRONGPASS", StringComparison.Ordinal) || answer.StartsWith("-NOAUTH", StringComparison.Ordinal) || answer.StartsWith("-ERR AUTH", StringComparison.Ordinal) =>
            $"it refuses the user or the password: correct the Redis address ({answer[1..]})",
        _ => $"it answers {answer}",
    };

    private static bool StartsWith(Exception e, string prefix) => e.Message.StartsWith(prefix, StringComparison.Ordinal);

    private static string FirstLine(string text) => text.AsSpan().IndexOfAny('\r', '\n') is var end and >= 0 ? text[..end] : text;
}
