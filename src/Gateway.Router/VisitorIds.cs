using System.Globalization;
using System.Security.Cryptography;

namespace Gateway.Router;

/// <summary>
/// What log lines, tunnel clients and applications call a visitor's connection. They differ between restarts and nodes; the requests of
/// an HTTP connection have its id, a colon and their number.
/// </summary>
internal sealed class VisitorIds
{
    private readonly string _prefix = Convert.ToHexString(RandomNumberGenerator.GetBytes(4));
    private long _last;

    /// <summary>The id of one more connection, ASCII letters and digits.</summary>
    public string Next() => string.Create(CultureInfo.InvariantCulture, $"{_prefix}{Interlocked.Increment(ref _last):X6}");
}
