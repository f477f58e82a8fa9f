namespace Gateway.Model.Options;

/// <summary>
/// Describes one option of the daemon. The property's name gives its JSON key, flag and environment name, its initial value
/// the default, its type the syntax; docs/options.md is made from all of them, so an option is written in one place.
/// </summary>
/// <param name="meaning">One sentence for the operator.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OptionAttribute(string meaning) : Attribute
{
    /// <summary>One sentence for the operator.</summary>
    public string Meaning { get; } = meaning;

    /// <summary>The unit of a number; empty when there is none.</summary>
    public string Unit { get; init; } = "";

    /// <summary>The smallest number allowed.</summary>
    public double Minimum { get; init; } = double.NegativeInfinity;

    /// <summary>The largest number allowed.</summary>
    public double Maximum { get; init; } = double.PositiveInfinity;
}
