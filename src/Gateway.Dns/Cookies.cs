using Gateway.Dns.Wire;

namespace Gateway.Dns;

/// <summary>
/// Server cookies (RFC 7873) of the interoperable kind (RFC 9018): every node with the same secret accepts what another gave, and
/// nothing is remembered about any client.
/// </summary>
/// <param name="current">16 octets, with which cookies are made.</param>
/// <param name="previous">16 octets, with which cookies are still accepted while secrets roll over; null for none.</param>
internal sealed class Cookies(byte[] current, byte[]? previous)
{
    private volatile Secrets _secrets = new(current, previous);

    /// <summary>Octets of a whole cookie: eight of the client, sixteen of ours.</summary>
    public const int Length = 24;

    /// <summary>Octets of a secret.</summary>
    public const int SecretLength = SipHash.KeyLength;

    // RFC 9018 section 4.3: an hour, five minutes, half an hour; all in seconds.
    private const int OldestAge = 3_600;
    private const int FutureSkew = 300;
    private const int RenewalAge = 1_800;

    private const byte Version = 1;
    private const int TimestampAt = 12;
    private const int HashAt = 16;

    /// <summary>Makes cookies with another secret from now on; those of the present one are still accepted.</summary>
    public void Rotate(byte[] next) => _secrets = new Secrets(next, _secrets.Current);

    /// <summary>Writes the cookie for the next query to <paramref name="renewed"/>. True when the one presented proves the client's address.</summary>
    public bool Renew(ReadOnlySpan<byte> presented, in Client client, Span<byte> renewed)
    {
        var (age, secrets) = (0, _secrets);
        var valid = presented.Length == Length && IsValid(presented, client, secrets, out age);
        if (valid && age is >= 0 and < RenewalAge && HasHash(presented, client, secrets.Current))
        {
            presented.CopyTo(renewed);
            return true;
        }

        presented[..Edns.ClientCookieLength].CopyTo(renewed);
        Octets.Write32(renewed, Edns.ClientCookieLength, (uint)Version << 24);
        Octets.Write32(renewed, TimestampAt, client.Now);
        BitConverter.TryWriteBytes(renewed[HashAt..], HashOf(renewed, client, secrets.Current));
        return valid;
    }

    private static bool IsValid(ReadOnlySpan<byte> presented, in Client client, Secrets secrets, out int age)
    {
        // RFC 1982 arithmetic, as RFC 9018 section 4.3 asks for.
        age = (int)(client.Now - Octets.Read32(presented, TimestampAt));
        if (presented[Edns.ClientCookieLength] != Version || age is > OldestAge or < -FutureSkew) return false;
        return HasHash(presented, client, secrets.Current) || (secrets.Previous is { } before && HasHash(presented, client, before));
    }

    // A comparison in constant time gains nothing here: the secret is 128 bits, and each guess costs the guesser a datagram.
    private static bool HasHash(ReadOnlySpan<byte> cookie, in Client client, byte[] secret) =>
        BitConverter.ToUInt64(cookie[HashAt..]) == HashOf(cookie, client, secret);

    private static ulong HashOf(ReadOnlySpan<byte> cookie, in Client client, byte[] secret)
    {
        Span<byte> input = stackalloc byte[HashAt + 16];
        cookie[..HashAt].CopyTo(input);
        client.Address.CopyTo(input[HashAt..]);
        return SipHash.Compute(secret, input[..(HashAt + client.Address.Length)]);
    }

    private sealed record Secrets(byte[] Current, byte[]? Previous);
}
