namespace Gateway.Model.Options;

/// <summary>A fault that the values of several options make together, or that a single value's form does not show.</summary>
/// <param name="Text">A sentence that begins with the option to change, by its name in the section, and says what to do.</param>
public readonly record struct OptionFault(string Text)
{
    private readonly string[]? _because;

    /// <summary>The option to change.</summary>
    public string Option => Text.Split(' ', ':', ',')[0];

    /// <summary>Other options, by their paths in the file, that make it a fault. The operator finds it there when he left the option itself out.</summary>
    public IReadOnlyList<string> Because
    {
        get => _because ?? [];
        init => _because = [.. value];
    }

    /// <summary>A fault of one option alone.</summary>
    public static implicit operator OptionFault(string text) => new(text);

    /// <inheritdoc/>
    public override string ToString() => Text;
}
