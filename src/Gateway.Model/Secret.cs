using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Gateway.Model;

/// <summary>A text that must never be printed: a tunnel secret, a password, a seed. Only <see cref="Reveal"/> gives it away.</summary>
[DebuggerDisplay("***")]
public readonly struct Secret(string value) : IEquatable<Secret>
{
    private readonly string? _value = value;

    /// <summary>True when there is nothing to hide.</summary>
    public bool IsEmpty => string.IsNullOrEmpty(_value);

    /// <summary>The text itself, for the one place that has to send or store it.</summary>
    public string Reveal() => _value ?? "";

    /// <summary>Compares in time that depends on the lengths alone.</summary>
    public bool Equals(Secret other) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Reveal()), Encoding.UTF8.GetBytes(other.Reveal()));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Secret other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(Reveal(), StringComparison.Ordinal);

    /// <summary>Never the text.</summary>
    public override string ToString() => "***";

    /// <summary>Same text.</summary>
    public static bool operator ==(Secret left, Secret right) => left.Equals(right);

    /// <summary>Another text.</summary>
    public static bool operator !=(Secret left, Secret right) => !left.Equals(right);
}
