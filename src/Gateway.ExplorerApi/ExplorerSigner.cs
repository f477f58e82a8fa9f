using System.Globalization;
using Gateway.Model.Crypto;

namespace Gateway.ExplorerApi;

/// <summary>In whose name requests are signed.</summary>
/// <param name="KeyId">A gateway's identity, or a user's decimal id.</param>
/// <param name="Identity">The key pair.</param>
public sealed record ExplorerSigner(string KeyId, Identity Identity)
{
    /// <summary>Signs as a gateway.</summary>
    public static ExplorerSigner Gateway(Identity identity) => new(identity.Id, identity);

    /// <summary>Signs as a user.</summary>
    public static ExplorerSigner User(long id, Identity identity) => new(id.ToString(CultureInfo.InvariantCulture), identity);
}
