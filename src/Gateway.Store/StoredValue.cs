namespace Gateway.Store;

/// <summary>One value as Redis held it.</summary>
/// <param name="Key">The Redis key.</param>
/// <param name="Field">The hash field; null when the key is a string.</param>
/// <param name="Value">The bytes, untouched.</param>
public readonly record struct StoredValue(string Key, string? Field, ReadOnlyMemory<byte> Value);
