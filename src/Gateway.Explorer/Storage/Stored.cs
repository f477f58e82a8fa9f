namespace Gateway.Explorer.Storage;

/// <summary>An object of the store, and its octets, which a change of it expects to find.</summary>
internal sealed record Stored<T>(T Value, ReadOnlyMemory<byte> Json);
