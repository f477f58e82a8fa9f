using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gateway.Model.ExplorerApi;

/// <summary>Any JSON value, kept as its compact text because a signature covers its octets. The default is `null`.</summary>
[JsonConverter(typeof(RawJsonConverter))]
public readonly struct RawJson : IEquatable<RawJson>
{
    private readonly string? _text;

    private RawJson(string text) => _text = text == "null" ? null : text;

    /// <summary>The compact text: no white space between its tokens, members in the order they came in.</summary>
    public string Text => _text ?? "null";

    /// <summary>True for `null`, that is: nothing.</summary>
    public bool IsNull => _text is null;

    /// <summary>Takes one JSON value of any form; false when the text is none.</summary>
    public static bool TryParse(string text, out RawJson json)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = ExplorerJson.MaxDepth });
            json = Compact(document.RootElement);
            return true;
        }
        catch (JsonException)
        {
            json = default;
            return false;
        }
    }

    /// <inheritdoc/>
    public bool Equals(RawJson other) => Text == other.Text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is RawJson other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The compact text.</summary>
    public override string ToString() => Text;

    /// <summary>Same text.</summary>
    public static bool operator ==(RawJson left, RawJson right) => left.Equals(right);

    /// <summary>Another text.</summary>
    public static bool operator !=(RawJson left, RawJson right) => !left.Equals(right);

    internal static RawJson Compact(JsonElement element)
    {
        var octets = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(octets, new JsonWriterOptions { Encoder = GoJsonEncoder.Instance, MaxDepth = ExplorerJson.MaxDepth })) element.WriteTo(writer);
        return new RawJson(Encoding.UTF8.GetString(octets.WrittenSpan));
    }
}

internal sealed class RawJsonConverter : JsonConverter<RawJson>
{
    public override bool HandleNull => true;

    public override RawJson Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Null) return default;
        using var document = JsonDocument.ParseValue(ref reader);
        return RawJson.Compact(document.RootElement);
    }

    public override void Write(Utf8JsonWriter writer, RawJson value, JsonSerializerOptions options) => writer.WriteRawValue(value.Text, skipInputValidation: true);
}
