using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Gateway.Model.ExplorerApi;

/// <summary>
/// Reads and writes the objects of the reservation API as its own programs do (section 1.1): unknown members are passed over, names match
/// in any case, `null` is the zero value, output is compact, escaped as Go does, with members in the contract's order.
/// </summary>
public static class ExplorerJson
{
    /// <summary>Nesting that is read at most; deeper input is refused.</summary>
    public const int MaxDepth = 32;

    private static readonly JsonSerializerOptions Escaping = new(ExplorerJsonContext.Default.Options) { Encoder = GoJsonEncoder.Instance };

    /// <summary>The compact octets of an object, without the line feed that the server puts behind it.</summary>
    public static byte[] Write<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, TypeInfo<T>());

    /// <summary>Reads one object. The fault names the member that does not fit; it is fit to be shown to the sender.</summary>
    public static bool TryRead<T>(ReadOnlySpan<byte> json, out T value, out string fault) where T : new()
    {
        (value, fault) = (new T(), "");
        try
        {
            value = JsonSerializer.Deserialize(json, TypeInfo<T>()) ?? new T();
            return true;
        }
        catch (JsonException exception)
        {
            fault = FaultOf(exception);
            return false;
        }
    }

    /// <summary>How to read and write objects of this type; it must be one of those named on the context.</summary>
    public static JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)Escaping.GetTypeInfo(typeof(T));

    internal static string FaultOf(JsonException exception) =>
        exception.Path is null or "$" ? "malformed JSON" : $"malformed JSON at {exception.Path}";
}
