using System.Buffers;
using System.Diagnostics.CodeAnalysis;
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

    /// <summary>The tunnel's id and the node's identity that a key is about. False for every other key.</summary>
    public static bool TryReadTunnelKey(string key, out string tunnelId, out string node)
    {
        (tunnelId, node) = ("", "");
        if (!key.StartsWith(TunnelPrefix, StringComparison.Ordinal) || key.IndexOf(':', TunnelPrefix.Length) is var colon && colon <= TunnelPrefix.Length) return false;
        (tunnelId, node) = (key[TunnelPrefix.Length..colon], key[(colon + 1)..]);
        return node.Length > 0;
    }

    /// <summary>
    /// Reads what a node said of a tunnel: unknown members are passed over; missing ones, and those of a wrong type or range, are
    /// empty. False: the value is no JSON object, or its sessions are no list.
    /// </summary>
    public static bool TryDecodeTunnel(ReadOnlySpan<byte> value, [NotNullWhen(true)] out TunnelHolding? holding)
    {
        var read = new TunnelHolding("", 0, []);
        var isOne = TryReadObject(value, out _, member =>
        {
            var isSessions = member.NameEquals("sessions");
            if (isSessions && member.Value.ValueKind != JsonValueKind.Array) return false;
            if (isSessions) read = read with { Sessions = [.. member.Value.EnumerateArray().Where(it => it.ValueKind == JsonValueKind.Object).Select(ReadSession)] };
            else if (member.NameEquals("fence")) read = read with { Fence = NumberOf(member.Value) };
            else if (member.NameEquals("node")) read = read with { Node = TextOf(member.Value) };
            return true;
        });
        holding = isOne ? read : null;
        return isOne;
    }

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

    private static HeldSession ReadSession(JsonElement session)
    {
        TryTime(NumberOf(Member("since")), out var since);
        return new HeldSession(NumberOf(Member("id")), TextOf(Member("client")), TextOf(Member("name")), TextOf(Member("protocol")), since);

        JsonElement Member(string name) => session.TryGetProperty(name, out var value) ? value : default;
    }

    private static long NumberOf(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0 ? number : 0;

    private static string TextOf(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
