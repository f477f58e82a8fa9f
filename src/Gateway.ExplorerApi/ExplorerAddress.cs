using System.Diagnostics.CodeAnalysis;

namespace Gateway.ExplorerApi;

/// <summary>The base address of a reservation API.</summary>
public static class ExplorerAddress
{
    private const string Root = "/api/v1";

    /// <summary>
    /// Reads what a user typed. As in the older programs, a path that does not end in /api/v1 is replaced by it. The fault names the cure.
    /// </summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Uri? address, out string fault)
    {
        address = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var given) || given.Scheme is not ("http" or "https") || given.Host.Length == 0)
        {
            fault = $"'{text}' is no address of an explorer; it looks like https://explorer.example.org or http://127.0.0.1:8090";
            return false;
        }

        (address, fault) = (Normalise(given), "");
        return true;
    }

    /// <summary>The same address with the path that the calls are made under; user, query and fragment are dropped.</summary>
    public static Uri Normalise(Uri given)
    {
        var path = given.AbsolutePath.TrimEnd('/');
        return new UriBuilder(given.Scheme, given.Host, given.Port, path.EndsWith(Root, StringComparison.Ordinal) ? path : Root).Uri;
    }
}
