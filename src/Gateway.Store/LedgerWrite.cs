namespace Gateway.Store;

/// <summary>One step of a batch that is written as a whole or not at all. Preconditions see Redis as it was before the batch.</summary>
public abstract record LedgerWrite
{
    private LedgerWrite() { }

    /// <summary>Sets a field of a hash.</summary>
    public sealed record SetField(string Key, string Field, string Value) : LedgerWrite;

    /// <summary>Deletes a field of a hash; deleting what is not there is no change and makes no ledger entry.</summary>
    public sealed record DeleteField(string Key, string Field) : LedgerWrite;

    /// <summary>Sets a string, whatever the key held before.</summary>
    public sealed record SetString(string Key, string Value) : LedgerWrite;

    /// <summary>Deletes a key; deleting what is not there is no change and makes no ledger entry.</summary>
    public sealed record DeleteKey(string Key) : LedgerWrite;

    /// <summary>Precondition: the field (or, without a field, the string) holds exactly this value.</summary>
    /// <param name="Key">The Redis key.</param>
    /// <param name="Field">The hash field; null: the key itself.</param>
    /// <param name="Value">The value; null: there must be none.</param>
    public sealed record Expect(string Key, string? Field, string? Value) : LedgerWrite;
}
