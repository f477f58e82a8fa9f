using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Gateway.Model;

namespace Gateway.Reconciler.Proving;

/// <summary>
/// What a user puts into the DNS to show that a host is his: a TXT record below the host. It is no secret: only the host's owner
/// can put it there, and it names the one user and the one gateway that it is for.
/// </summary>
internal static class ProofToken
{
    /// <summary>The label under which the record stands.</summary>
    public const string Label = "_gateway";

    private const int HexDigits = 32;

    /// <summary>The name of the record; false when the host is too long for a label before it.</summary>
    public static bool TryPlaceOf(DomainName host, out DomainName place) => host.TryPrepend(Label, out place);

    /// <summary>The text of the record.</summary>
    public static string For(string gatewayId, long user, DomainName host)
    {
        var content = string.Create(CultureInfo.InvariantCulture, $"gateway-host {gatewayId} {user} {host}");
        return "gateway-proof=" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..HexDigits];
    }
}
