namespace Gateway.Dns;

/// <summary>Who asks, and when.</summary>
/// <param name="address">4 or 16 octets; an IPv4 client of an IPv6 socket has 4.</param>
/// <param name="overTcp">The answer may be as long as a message can be, and the address is no forgery.</param>
/// <param name="now">Seconds since 1970, for cookies.</param>
/// <param name="recursionAvailable">We forward this client's queries for names of others.</param>
internal readonly ref struct Client(ReadOnlySpan<byte> address, bool overTcp, uint now, bool recursionAvailable = false)
{
    public ReadOnlySpan<byte> Address { get; } = address;

    public bool OverTcp { get; } = overTcp;

    public uint Now { get; } = now;

    public bool RecursionAvailable { get; } = recursionAvailable;
}
