using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Gateway.Model.Crypto;

namespace Gateway.Model.ExplorerApi;

/// <summary>A user in the phonebook (the reservation API contract, section 1.12).</summary>
public sealed record User
{
    /// <summary>Given by the explorer ("tid").</summary>
    [JsonPropertyName("id")]
    public long Id { get; init; }

    /// <summary>Unique; lower case, at least 3 characters.</summary>
    [JsonPropertyName("name")]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>Unique; shown to users who signed their request only.</summary>
    [JsonPropertyName("email")]
    public string Email { get; init => field = value ?? ""; } = "";

    /// <summary>Ed25519 key in hex.</summary>
    [JsonPropertyName("pubkey")]
    public string Pubkey { get; init => field = value ?? ""; } = "";

    /// <summary>Free text.</summary>
    [JsonPropertyName("host")]
    public string Host { get; init => field = value ?? ""; } = "";

    /// <summary>Free text.</summary>
    [JsonPropertyName("description")]
    public string Description { get; init => field = value ?? ""; } = "";

    /// <summary>Unused; absent when empty.</summary>
    [JsonPropertyName("signature"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Signature { get; init; }
}

/// <summary>A change of one's own entry in the phonebook; the signature covers id, name, e-mail, host, description and key, joined.</summary>
public sealed record UserUpdate
{
    /// <summary>The user.</summary>
    [JsonPropertyName("id")]
    public long Id { get; init; }

    /// <summary>Cannot be changed.</summary>
    [JsonPropertyName("name")]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>New e-mail address.</summary>
    [JsonPropertyName("email")]
    public string Email { get; init => field = value ?? ""; } = "";

    /// <summary>Cannot be changed.</summary>
    [JsonPropertyName("pubkey")]
    public string Pubkey { get; init => field = value ?? ""; } = "";

    /// <summary>New free text.</summary>
    [JsonPropertyName("host")]
    public string Host { get; init => field = value ?? ""; } = "";

    /// <summary>New free text.</summary>
    [JsonPropertyName("description")]
    public string Description { get; init => field = value ?? ""; } = "";

    /// <summary>Hex signature, no hash.</summary>
    [JsonPropertyName("sender_signature_hex")]
    public string SenderSignatureHex { get; init => field = value ?? ""; } = "";

    /// <summary>The entry as it shall be, signed by its user. What is left empty is emptied.</summary>
    public static UserUpdate Sign(User changed, Identity identity)
    {
        var update = new UserUpdate { Id = changed.Id, Name = changed.Name, Email = changed.Email, Pubkey = changed.Pubkey, Host = changed.Host, Description = changed.Description };
        return update with { SenderSignatureHex = identity.SignHex(update.Signed()) };
    }

    /// <summary>True when the holder of this key signed these members.</summary>
    public bool IsSignedBy(PublicKey user) => user.VerifiesHex(Signed(), SenderSignatureHex);

    private byte[] Signed() => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Id}{Name}{Email}{Host}{Description}{Pubkey}"));
}

/// <summary>A message whose signature shall be checked against a user's key.</summary>
public sealed record ValidateRequest
{
    /// <summary>The message in hex.</summary>
    [JsonPropertyName("payload")]
    public string Payload { get; init => field = value ?? ""; } = "";

    /// <summary>Its signature in hex.</summary>
    [JsonPropertyName("signature")]
    public string Signature { get; init => field = value ?? ""; } = "";
}

/// <summary>Answer to <see cref="ValidateRequest"/>.</summary>
public sealed record ValidateAnswer
{
    /// <summary>True when the user signed the message.</summary>
    [JsonPropertyName("is_valid")]
    public bool IsValid { get; init; }
}
