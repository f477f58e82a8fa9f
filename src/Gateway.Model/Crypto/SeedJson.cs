using System.Text.Json.Serialization;

namespace Gateway.Model.Crypto;

/// <summary>The JSON payload of a seed file of version 1.1.0.</summary>
internal sealed class SeedMembers
{
    [JsonPropertyName("mnemonic")]
    public string? Mnemonic { get; init; }

    [JsonPropertyName("threebotid")]
    public long? ThreebotId { get; init; }
}

[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(SeedMembers))]
internal sealed partial class SeedJson : JsonSerializerContext;
