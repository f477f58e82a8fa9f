namespace Gateway.Model;

/// <summary>A text that writes itself as <see cref="GoJson.Quote"/> gives it; where it is plain, without a string of its own.</summary>
internal readonly struct GoText(string text) : ISpanFormattable
{
    /// <inheritdoc/>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        if (GoJson.PlainLength(text, 0) < text.Length) return TryCopy(GoJson.Quote(text), destination, out charsWritten);
        charsWritten = 0;
        if (destination.Length < text.Length + 2) return false;
        destination[0] = '"';
        text.CopyTo(destination[1..]);
        destination[text.Length + 1] = '"';
        charsWritten = text.Length + 2;
        return true;
    }

    /// <inheritdoc/>
    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    /// <inheritdoc/>
    public override string ToString() => GoJson.Quote(text);

    private static bool TryCopy(string quoted, Span<char> destination, out int charsWritten)
    {
        charsWritten = quoted.TryCopyTo(destination) ? quoted.Length : 0;
        return charsWritten > 0;
    }
}
