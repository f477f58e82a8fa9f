using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using Gateway.Model.Reservations;

namespace Gateway.Model;

/// <summary>
/// What a reconciler keeps for itself: reports that the explorer has not accepted yet, and how far it has read. Both are written
/// in the script that writes their cause, so that neither is lost by a crash.
/// </summary>
public static partial class RedisSchema
{
    /// <summary>Hash: global workload id → what the explorer has to be told.</summary>
    public const string OutboxKey = "gateway:outbox";

    /// <summary>Hash of single values; see the fields below.</summary>
    public const string ReconcilerKey = "gateway:reconciler";

    /// <summary>Field of <see cref="ReconcilerKey"/>: the explorer that was read, and the highest id that was taken from it.</summary>
    public const string CursorField = "cursor";

    /// <summary>Value in <see cref="OutboxKey"/>.</summary>
    public static string EncodeOutbox(OutboxEntry entry)
    {
        var result = entry.State is { } state ? string.Create(CultureInfo.InvariantCulture, $",\"state\":{state},\"message\":{new GoText(entry.Message)}") : "";
        return string.Create(CultureInfo.InvariantCulture, stackalloc char[256], $"{{\"category\":{entry.Category}{result},\"delete\":{(entry.Delete ? "true" : "false")},\"since\":{entry.Since}}}");
    }

    /// <summary>Reads a value of <see cref="OutboxKey"/>; unknown members are passed over. On false, <paramref name="fault"/> says why.</summary>
    public static bool TryDecodeOutbox(ReadOnlySpan<byte> value, [NotNullWhen(true)] out OutboxEntry? entry, out string fault)
    {
        var read = new OutboxEntry(0, null, "", Delete: false, 0);
        var isWhole = TryReadObject(value, out fault, member =>
        {
            var next = member.Name switch
            {
                "category" when member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt32(out var category) => read with { Category = category },
                "state" when member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt32(out var state) => read with { State = state },
                "message" when member.Value.ValueKind == JsonValueKind.String => read with { Message = member.Value.GetString()! },
                "delete" when member.Value.ValueKind is JsonValueKind.True or JsonValueKind.False => read with { Delete = member.Value.GetBoolean() },
                "since" when member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt64(out var since) => read with { Since = since },
                "category" or "state" or "message" or "delete" or "since" => null,
                _ => read,
            };
            read = next ?? read;
            return next is not null;
        });
        entry = isWhole ? read : null;
        return isWhole;
    }

    /// <summary>Value of <see cref="CursorField"/>: the highest id, a space, the explorer's address.</summary>
    public static string EncodeCursor(long last, Uri explorer) => string.Create(CultureInfo.InvariantCulture, $"{last} {explorer}");

    /// <summary>The highest id taken from this explorer; 0 when the value is about another one or cannot be read: then everything is asked for again.</summary>
    public static long DecodeCursor(string? value, Uri explorer)
    {
        var parts = (value ?? "").Split(' ', 2);
        var isOurs = parts.Length == 2 && parts[1] == explorer.ToString();
        return isOurs && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var last) ? last : 0;
    }
}
