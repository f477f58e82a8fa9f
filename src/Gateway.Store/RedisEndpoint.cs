using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Gateway.Model;

namespace Gateway.Store;

/// <summary>Where a Redis is and how to log in there.</summary>
/// <param name="Host">Host name or address literal, without brackets.</param>
/// <param name="Port">TCP port, 1 to 65535.</param>
/// <param name="User">User of Redis' access control list; null for the default user.</param>
/// <param name="Password">Password; empty when Redis asks for none.</param>
/// <param name="Database">Number of the database, 0 or more; keyspace events carry it too.</param>
public sealed record RedisEndpoint(string Host, int Port, string? User, Secret Password, int Database)
{
    private const int DefaultPort = 6379;

    /// <summary>
    /// Reads <c>redis://[user:password@]host[:port][/database]</c> or <c>tcp://[password@]host[:port]</c>; in the latter, which
    /// older configurations use, the part before the @ is the password. Reserved characters are percent-encoded.
    /// </summary>
    /// <param name="url">What the operator wrote.</param>
    /// <param name="endpoint">The endpoint, when the answer is true.</param>
    /// <param name="fault">One line that names the cause and the cure, without any secret, when the answer is false.</param>
    public static bool TryParse(string url, [NotNullWhen(true)] out RedisEndpoint? endpoint, [NotNullWhen(false)] out string? fault)
    {
        endpoint = null;
        fault = FaultOfScheme(url);
        if (fault is not null) return false;
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Host.Length == 0)
        {
            fault = "the Redis address cannot be read: write redis://[user:password@]host:port[/database], with reserved characters of the password percent-encoded (/ is %2F, @ is %40, # is %23)";
            return false;
        }

        fault = FaultOfTail(uri) ?? FaultOfLogin(uri);
        if (fault is not null) return false;
        var (user, password) = Login(uri);
        _ = TryReadDatabase(uri.AbsolutePath, out var database);
        endpoint = new RedisEndpoint(uri.DnsSafeHost, uri.Port > 0 ? uri.Port : DefaultPort, user, new Secret(password), database);
        return true;
    }

    /// <summary>Host, port and database, fit for a log line.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}/{Database}");

    private static string? FaultOfScheme(string url)
    {
        if (Has("redis://") || Has("tcp://")) return null;
        if (Has("unix:")) return "Redis over a Unix socket is not supported: let Redis listen on a loopback port and write redis://127.0.0.1:6379";
        if (Has("rediss:")) return "Redis over TLS is not supported: let stunnel or a private network carry it and write redis://host:port";
        return "the Redis address must begin with redis:// or tcp://, as in redis://127.0.0.1:6379";

        bool Has(string scheme) => url.StartsWith(scheme, StringComparison.OrdinalIgnoreCase);
    }

    private static string? FaultOfTail(Uri uri)
    {
        if (uri.Query.Length > 0 || uri.Fragment.Length > 0)
            return "the Redis address has a part after ? or #, which nothing reads: remove it, or percent-encode the character when it belongs to the password";
        if (uri.Port == 0) return "the port of the Redis address must be 1 to 65535";
        return TryReadDatabase(uri.AbsolutePath, out _) ? null : "what follows the / of the Redis address must be the number of a database, as in redis://127.0.0.1:6379/0";
    }

    private static string? FaultOfLogin(Uri uri)
    {
        var colon = uri.UserInfo.Contains(':', StringComparison.Ordinal);
        if (IsTcp(uri))
            return colon ? "tcp:// takes only a password before the @: write redis://user:password@host:port, or encode a : of the password as %3A" : null;
        return uri.UserInfo.Length > 0 && !colon
            ? "the Redis address names a user without a password: write redis://user:password@host:port, or redis://:password@host:port for the default user"
            : null;
    }

    private static (string? User, string Password) Login(Uri uri)
    {
        if (IsTcp(uri)) return (null, Uri.UnescapeDataString(uri.UserInfo));
        var colon = uri.UserInfo.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0) return (null, "");
        var user = Uri.UnescapeDataString(uri.UserInfo[..colon]);
        return (user.Length == 0 ? null : user, Uri.UnescapeDataString(uri.UserInfo[(colon + 1)..]));
    }

    private static bool IsTcp(Uri uri) => uri.Scheme == "tcp";

    private static bool TryReadDatabase(string path, out int database)
    {
        database = 0;
        return path is "" or "/" || int.TryParse(path.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out database);
    }
}
