namespace Gateway.Store;

/// <summary>Something in Redis is no longer what it was; says where, not what it is now.</summary>
/// <param name="Key">The Redis key.</param>
/// <param name="Field">The hash field; null: the key as a whole has to be read again.</param>
public readonly record struct KeyChange(string Key, string? Field);
