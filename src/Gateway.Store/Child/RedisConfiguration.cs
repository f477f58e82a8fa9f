using System.Globalization;

namespace Gateway.Store.Child;

/// <summary>The configuration of the private Redis, as redis.conf spells it.</summary>
internal static class RedisConfiguration
{
    /// <summary>The whole text; holds the password, so it goes to standard input only.</summary>
    internal static string Text(StateDirectory state, RedisEndpoint endpoint) => string.Create(CultureInfo.InvariantCulture, $"""
        bind {endpoint.Host}
        port {endpoint.Port}
        protected-mode yes
        requirepass {endpoint.Password.Reveal()}
        daemonize no
        dir {Quote(state.Path)}
        pidfile {Quote(state.PidFile)}
        logfile ""
        always-show-logo no
        appendonly yes
        appendfsync everysec
        save ""
        maxmemory-policy noeviction
        notify-keyspace-events KEA

        """);

    // A quoted argument knows \" and \\ (Redis documentation, "Redis configuration").
    private static string Quote(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
