using System.Text;
using Gateway.Model.Crypto;

namespace Gateway.Model.ExplorerApi;

/// <summary>
/// The gateway's signature on a result (the provisioning contract, section 2.6): one octet of state, the message and the data as compact JSON, no hash.
/// Id, kind and time are not covered.
/// </summary>
public static class ResultSignature
{
    /// <summary>The octets that are signed.</summary>
    public static byte[] Bytes(WorkloadResult result) => [(byte)result.State, .. Encoding.UTF8.GetBytes(result.Message), .. Encoding.UTF8.GetBytes(result.Data.Text)];

    /// <summary>The result with its signature filled in.</summary>
    public static WorkloadResult Sign(WorkloadResult result, Identity gateway) => result with { Signature = gateway.SignHex(Bytes(result)) };

    /// <summary>True when this gateway signed the result.</summary>
    public static bool Verify(WorkloadResult result, PublicKey gateway) => gateway.VerifiesHex(Bytes(result), result.Signature);
}
