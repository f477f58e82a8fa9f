using Gateway.Model;

namespace Gateway.Reconciler.Planning;

/// <summary>What is known of a reservation's tunnel secret. A reservation without an entry was not asked about yet.</summary>
internal abstract record SecretState
{
    private SecretState()
    {
    }

    /// <summary>It was decrypted and has the right form.</summary>
    public sealed record Known(Secret Secret) : SecretState;

    /// <summary>It can never be read; the user is told why.</summary>
    public sealed record Unreadable(string Reason) : SecretState;

    /// <summary>Something that is needed to read it cannot be had at present.</summary>
    public sealed record Unavailable(string Reason) : SecretState;
}
