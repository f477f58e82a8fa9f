using System.Globalization;

namespace Gateway.Model.Reservations;

/// <summary>A name that its user gave up, as Redis keeps it (docs/redis-schema.md): until the end of its rest nobody else gets it.</summary>
/// <param name="User">Decimal id of the user who had it; he gets it back at once.</param>
/// <param name="Since">When he gave it up.</param>
/// <param name="Until">When others may have it.</param>
public sealed record NameRest(long User, DateTimeOffset Since, DateTimeOffset Until)
{
    /// <summary>True while the name rests.</summary>
    public bool IsGoingOn(DateTimeOffset now) => now < Until;

    /// <summary>The end of the rest as people read it.</summary>
    public string UntilText => Until.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
