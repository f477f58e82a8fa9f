using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Gateway.Model;

/// <summary>
/// Which node holds which tunnel: one key for each tunnel and node, with an expiry that the node renews, so that a node which is gone
/// holds nothing for long. The secret stands there hashed only.
/// </summary>
public static partial class RedisSchema
{
    /// <summary>Strings: <c>gateway:tunnel:</c>, the tunnel's id, a colon, the node's identity.</summary>
    public const string TunnelPrefix = "gateway:tunnel:";

    /// <summary>String: the fencing number that was given last.</summary>
    public const string TunnelFenceKey = "gateway:tunnel-fence";

    /* Half of a SHA-256: nobody finds another text with the same one. */
    private const int TunnelIdBytes = 16;

    /// <summary>What stands for a secret where the secret must not: the first 16 bytes of its SHA-256 in hex.</summary>
    public static string TunnelId(Secret secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret.Reveal())).AsSpan(0, TunnelIdBytes));

    /// <summary>The key under which a node says what it holds of a tunnel.</summary>
    public static string TunnelKey(string tunnelId, string node) => $"{TunnelPrefix}{tunnelId}:{node}";

    /// <summary>Its value.</summary>
    public static string EncodeTunnel(TunnelHolding holding)
    {
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteNumber("fence", holding.Fence);
            writer.WriteString("node", holding.Node);
            writer.WriteStartArray("sessions");
            foreach (var session in holding.Sessions) Write(writer, session);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(json.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter writer, HeldSession session)
    {
        writer.WriteStartObject();
        writer.WriteNumber("id", session.Id);
        writer.WriteString("client", session.Client);
        writer.WriteString("name", session.Name);
        writer.WriteString("protocol", session.Protocol);
        writer.WriteNumber("since", session.Since.ToUnixTimeSeconds());
        writer.WriteEndObject();
    }
}
