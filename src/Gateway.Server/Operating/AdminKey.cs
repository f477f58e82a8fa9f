using Gateway.Model;

namespace Gateway.Server.Operating;

/// <summary>The token that the admin API asks for while the node runs. After a change the former one is good for a while, so that nothing that uses it breaks.</summary>
internal sealed class AdminKey(NodeDirectory directory, TimeProvider time)
{
    /// <summary>How long the former token is good.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromMinutes(10);

    private volatile Tokens _tokens = new(AdminToken.Take(directory), null, default);

    /// <summary>True when the header <c>Authorization</c> shows the token, or the former one in its time.</summary>
    public bool IsShown(string? authorization)
    {
        var tokens = _tokens;
        return AdminToken.IsShown(authorization, tokens.Current)
            || (tokens.Former is { } former && time.GetUtcNow() < tokens.FormerUntil && AdminToken.IsShown(authorization, former));
    }

    /// <summary>Puts a new token into the file; gives when the former one ends. One that was replaced before is worth nothing from now on.</summary>
    /// <exception cref="Exception">The file cannot be written: <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>; the token stays.</exception>
    public DateTimeOffset Rotate()
    {
        var until = time.GetUtcNow() + Overlap;
        _tokens = new Tokens(AdminToken.Renew(directory), _tokens.Current, until);
        return until;
    }

    private sealed record Tokens(Secret Current, Secret? Former, DateTimeOffset FormerUntil);
}
