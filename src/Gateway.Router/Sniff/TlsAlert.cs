namespace Gateway.Router.Sniff;

/// <summary>Fatal alerts (RFC 8446 section 6.2) as whole plaintext records, which every TLS client understands before keys exist.</summary>
internal static class TlsAlert
{
    /// <summary>decode_error (50): the ClientHello cannot be read.</summary>
    public static ReadOnlyMemory<byte> DecodeError { get; } = Fatal(50);

    /// <summary>internal_error (80): the name is known, but its server cannot be reached now.</summary>
    public static ReadOnlyMemory<byte> InternalError { get; } = Fatal(80);

    /// <summary>unrecognized_name (112, RFC 6066 section 3): nobody here has this name.</summary>
    public static ReadOnlyMemory<byte> UnrecognizedName { get; } = Fatal(112);

    private static byte[] Fatal(byte description) => [21, 3, 3, 0, 2, 2, description];
}
