namespace Gateway.Fuzz;

/// <summary>Something that takes octets from strangers, and the rules that hold whatever they are.</summary>
internal abstract class FuzzTarget
{
    /// <summary>Every target.</summary>
    public static FuzzTarget[] All { get; } = [new MessageTarget(), new ResponderTarget()];

    /// <summary>Its name, and that of its folder in the corpus.</summary>
    public abstract string Name { get; }

    /// <summary>Well-formed inputs, from which mutation starts.</summary>
    public abstract IReadOnlyList<byte[]> Seeds { get; }

    /// <summary>Takes one input. Returns the rule that it broke, or null. An exception is a broken rule too.</summary>
    /// <param name="input">Any octets, at most <see cref="Mutator.Longest"/>.</param>
    public abstract string? Broken(ReadOnlySpan<byte> input);
}
