using StackExchange.Redis;

namespace Gateway.Explorer.Storage;

/// <summary>What a counter must have reached.</summary>
/// <param name="Number">The highest number that it ever gave out.</param>
/// <param name="GoesOn">One that is behind goes on beyond it; else nothing is written.</param>
internal readonly record struct Floor(long Number, bool GoesOn)
{
    /// <summary>Nothing is known of it.</summary>
    public static readonly Floor None = new(0, GoesOn: true);

    /// <summary>For the script.</summary>
    public RedisValue[] Arguments => [Number, GoesOn ? 1 : 0];
}
