namespace Gateway.Cli.Waiting;

/// <summary>What one look at a reservation found: that it stands, or the first thing that is missing.</summary>
/// <param name="Reason">One word for programs; it never changes (docs/reservations.md).</param>
/// <param name="Text">One sentence for people that says what is missing, and what to do.</param>
internal sealed record Sighting(string Reason, string Text)
{
    /// <summary>The reason of what stands.</summary>
    public const string Stands = "up";

    /// <summary>It stands.</summary>
    public static readonly Sighting Up = new(Stands, "");

    /// <summary>True when nothing is missing.</summary>
    public bool IsUp => Reason == Stands;
}
