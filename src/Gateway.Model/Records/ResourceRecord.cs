namespace Gateway.Model.Records;

/// <summary>One resource record of a name, as it is stored: its owner is the name it is stored under.</summary>
/// <param name="Ttl">Seconds; 0 means that the name server's default applies.</param>
/// <param name="Data">What the record says.</param>
public readonly record struct ResourceRecord(uint Ttl, Rdata Data)
{
    /// <summary>The type of <see cref="Data"/>.</summary>
    public RecordType Type => Data.Type;
}
