using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Gateway.Model.Crypto;

namespace Gateway.Model.ExplorerApi;

/// <summary>
/// What users sign about a workload (the reservation API contract, sections 1.9 and 1.10): the SHA-256 of its challenge, a plain concatenation of
/// its members, with a word and the signer's id behind it for the later agreements.
/// </summary>
public static class WorkloadChallenge
{
    private const string DeleteWord = "delete";

    private const string ProvisionWord = "provision";

    /// <summary>The challenge of a workload with the epoch it carries now. Kinds that no gateway serves have the common part only.</summary>
    public static string Text(Workload workload)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{workload.WorkloadId}{workload.NodeId}{workload.PoolId}{workload.Reference}{workload.CustomerTid}");
        text.Append(CultureInfo.InvariantCulture, $"{workload.WorkloadType.Name.ToUpperInvariant()}{workload.Epoch.Seconds}{workload.Description}{workload.Metadata}");
        AppendKind(text, workload);
        return text.ToString();
    }

    /// <summary>The customer's signature on a new workload, in hex. The epoch must be set before.</summary>
    public static string SignCustomer(Workload workload, Identity customer) => customer.SignHex(Hash(workload, ""));

    /// <summary>True when the customer signed this workload with the epoch it carries.</summary>
    public static bool VerifyCustomer(Workload workload, PublicKey customer) => customer.VerifiesHex(Hash(workload, ""), workload.CustomerSignature);

    /// <summary>A signer's agreement that the stored workload be deleted, in hex.</summary>
    public static string SignDelete(Workload stored, long signer, Identity identity) => identity.SignHex(Hash(stored, Suffix(DeleteWord, signer)));

    /// <summary>True when the signature is the signer's agreement that the stored workload be deleted.</summary>
    public static bool VerifyDelete(Workload stored, WorkloadSignature signature, PublicKey signer) =>
        signer.VerifiesHex(Hash(stored, Suffix(DeleteWord, signature.Tid)), signature.Signature);

    /// <summary>A signer's agreement that the stored workload be provisioned, in hex.</summary>
    public static string SignProvision(Workload stored, long signer, Identity identity) => identity.SignHex(Hash(stored, Suffix(ProvisionWord, signer)));

    /// <summary>True when the signature is the signer's agreement that the stored workload be provisioned.</summary>
    public static bool VerifyProvision(Workload stored, WorkloadSignature signature, PublicKey signer) =>
        signer.VerifiesHex(Hash(stored, Suffix(ProvisionWord, signature.Tid)), signature.Signature);

    /// <summary>SHA-256 of challenge and suffix: the 32 octets that are signed.</summary>
    internal static byte[] Hash(Workload workload, string suffix) => SHA256.HashData(Encoding.UTF8.GetBytes(Text(workload) + suffix));

    internal static string Suffix(string word, long signer) => string.Create(CultureInfo.InvariantCulture, $"{word}{signer}");

    private static void AppendKind(StringBuilder text, Workload workload)
    {
        switch (workload.WorkloadType)
        {
            case WorkloadType.Proxy:
                text.Append(CultureInfo.InvariantCulture, $"{workload.Domain}{workload.Address}{workload.Port ?? 0}{workload.PortTls ?? 0}");
                break;
            case WorkloadType.ReverseProxy:
                text.Append(workload.Domain).Append(workload.Secret);
                break;
            case WorkloadType.Subdomain:
                text.Append(workload.Domain).AppendJoin("", workload.Ips ?? []);
                break;
            case WorkloadType.DomainDelegate:
                text.Append(workload.Domain);
                break;
            case WorkloadType.Gateway4To6:
                text.Append(workload.PublicKey);
                break;
        }
    }
}
