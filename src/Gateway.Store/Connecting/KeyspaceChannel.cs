using System.Globalization;

namespace Gateway.Store.Connecting;

/// <summary>Names of the channels that carry keyspace events (Redis documentation, "Redis keyspace notifications").</summary>
internal static class KeyspaceChannel
{
    /// <summary>The channel of one key, or with <c>*</c> the pattern of all keys, of a database.</summary>
    internal static string Of(int database, string key) => string.Create(CultureInfo.InvariantCulture, $"__keyspace@{database}__:{key}");

    /// <summary>The key that a channel is about; null when it is another kind of channel.</summary>
    internal static string? KeyOf(string channel)
    {
        if (!channel.StartsWith("__keyspace@", StringComparison.Ordinal)) return null;
        var mark = channel.IndexOf("__:", StringComparison.Ordinal);
        return mark < 0 ? null : channel[(mark + 3)..];
    }
}
