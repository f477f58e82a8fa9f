namespace Gateway.Explorer.Storage;

/// <summary>Somebody asked for an object that is in Redis and cannot be read: neither an answer nor an absence. Ends as one clear 500.</summary>
internal sealed class StoredValueDamagedException(string what, string fault) : Exception($"{what} is stored in a form that cannot be read: {fault}");
