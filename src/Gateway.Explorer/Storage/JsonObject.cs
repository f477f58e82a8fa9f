using System.Text.Json;

namespace Gateway.Explorer.Storage;

/// <summary>Whether octets may be pasted into a list: they are one JSON object from their first to their last octet. Pure; builds nothing.</summary>
internal static class JsonObject
{
    /// <summary>True when they are; otherwise <paramref name="fault"/> says what they are instead.</summary>
    public static bool IsOne(ReadOnlySpan<byte> json, out string fault)
    {
        fault = "";
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) fault = "it is not a JSON object";
            // A second value behind the first is a failure of the reader.
            else while (reader.Read()) { }
        }
        catch (JsonException exception)
        {
            fault = exception.Message;
        }

        return fault.Length == 0;
    }
}
