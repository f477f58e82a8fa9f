using System.Globalization;

namespace Gateway.Store.Child;

/// <summary>The configuration of the private Redis, as redis.conf spells it.</summary>
internal static class RedisConfiguration
{
    /// <summary>
    /// The whole text; holds the password, so it goes to standard input only. The file of changes is rewritten from 192 MiB on: a first
    /// start with 100,000 reservations writes 120, and needs both cores for them.
    /// </summary>
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
        auto-aof-rewrite-min-size 192mb
        save ""
        maxmemory-policy noeviction
        notify-keyspace-events KEA

        """);

    // A quoted argument knows \" and \\ (Redis documentation, "Redis configuration").
    private static string Quote(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
