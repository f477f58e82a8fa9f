using System.Security.Cryptography;
using Gateway.Dns.Wire;
using Gateway.Model;

namespace Gateway.Dns.Tsig;

/// <summary>What the signature of a request is worth. The numbers are those of the TSIG error field (RFC 8945 section 3).</summary>
internal enum SignatureWorth
{
    /// <summary>Good.</summary>
    Good = 0,

    /// <summary>A wrong or too short MAC.</summary>
    BadSig = 16,

    /// <summary>A key or an algorithm that we do not know.</summary>
    BadKey = 17,

    /// <summary>Signed too long ago, or in the future.</summary>
    BadTime = 18,

    /// <summary>A right MAC, but cut shorter than we accept.</summary>
    BadTrunc = 22,
}

/// <summary>
/// A signed request, for as long as it is answered: its worth, and the running MAC of the answer's messages (RFC 8945 sections 5.2
/// and 5.3). Used by one task at a time.
/// </summary>
internal sealed class SignedRequest
{
    // RFC 8945 section 5.2.2.1: a MAC is never cut below ten octets, nor below half of its length.
    private const int ShortestMac = 10;

    private const int RecordHead = 10;

    private readonly DomainName _keyName;
    private readonly DomainName _algorithmName;
    private readonly TsigKey? _key;
    private readonly long _time;
    private readonly ushort _fudge;
    private readonly ushort _id;
    private readonly byte[] _mac = new byte[TsigAlgorithm.LongestMac];
    private int _macLength;
    private bool _continues;

    private SignedRequest(in TsigRecord record, TsigKey? key)
    {
        (_keyName, _algorithmName, _key) = (record.Key, record.Algorithm, key);
        (_time, _fudge, _id) = (record.Time, record.Fudge, record.OriginalId);
    }

    /// <summary>What the signature is worth. Only a good one may be given what it asks for.</summary>
    public SignatureWorth Worth { get; private set; }

    /// <summary>The key, when the signature is good.</summary>
    public TsigKey? Key => Worth == SignatureWorth.Good ? _key : null;

    /// <summary>The request's MAC, until <see cref="Sign"/> is called.</summary>
    public ReadOnlySpan<byte> Mac => _mac.AsSpan(0, _macLength);

    /// <summary>Octets that <see cref="Sign"/> appends at most: to be kept free.</summary>
    public int Overhead => _keyName.Wire.Length + RecordHead + _algorithmName.Wire.Length + TsigRecord.FixedLength + (_key?.Algorithm.MacLength ?? 0) + 6;

    /// <summary>
    /// Checks the signature of a request. False when it is to be answered with FORMERR (section 5.2: not readable, not the last
    /// record, a MAC of a forbidden length). True with null when it is not signed at all.
    /// </summary>
    /// <param name="message">The request as it came.</param>
    /// <param name="keys">Ours.</param>
    /// <param name="now">Seconds since 1970.</param>
    /// <param name="request">Tells what the signature is worth.</param>
    public static bool TryRead(ReadOnlySpan<byte> message, TsigKeys keys, long now, out SignedRequest? request)
    {
        request = null;
        var presence = TsigRecord.Read(message, out var record);
        if (presence != TsigPresence.Found) return presence == TsigPresence.None;
        var isKnown = keys.TryFind(record.Key, out var key) && key.Algorithm.Name == record.Algorithm;
        if (isKnown && !IsPossible(record.Mac.Length, key!.Algorithm.MacLength)) return false;
        request = new SignedRequest(record, isKnown ? key : null);
        request.Worth = isKnown ? request.Check(message, record, key!, now) : SignatureWorth.BadKey;
        return true;
    }

    /// <summary>Appends a TSIG record to a message of the answer; each call goes on from the MAC of the one before. Returns the new length.</summary>
    /// <param name="message">Holds the message, and room for <see cref="Overhead"/> octets after it.</param>
    /// <param name="length">Octets of the message.</param>
    /// <param name="now">Seconds since 1970.</param>
    public int Sign(Span<byte> message, int length, long now)
    {
        // Section 5.2.3: the client's own time, so that it can check the signature that tells it how late it is.
        var fields = Worth == SignatureWorth.BadTime
            ? new TsigFields(_time, _fudge, (ushort)Worth, now)
            : new TsigFields(now, _fudge, (ushort)Worth);
        // Section 5.3.2: who could not prove to know the key gets no signature made with it.
        if (_key is null || Worth is SignatureWorth.BadKey or SignatureWorth.BadSig) return Append(message, length, fields, []);
        // Section 4.3.2: the MAC covers the ID under which the request was signed; the answer goes out under that with which it came.
        var id = Octets.Read16(message, 0);
        Octets.Write16(message, 0, _id);
        Span<byte> mac = stackalloc byte[_key.Algorithm.MacLength];
        TsigMac.Compute(_key, _mac.AsSpan(0, _macLength), message[..length], fields, _continues, mac);
        Octets.Write16(message, 0, id);
        _continues = true;
        mac.CopyTo(_mac);
        _macLength = mac.Length;
        return Append(message, length, fields, mac);
    }

    /// <summary>Says that the signature is right and yet worth nothing, for somebody else used it before.</summary>
    public void Distrust() => Worth = SignatureWorth.BadTime;

    /// <summary>Writes the whole answer to a request whose signature is not good: NOTAUTH and the reason. Returns its length.</summary>
    /// <param name="request">The request as it came.</param>
    /// <param name="response">Holds at least 1,024 octets.</param>
    /// <param name="now">Seconds since 1970.</param>
    public int Refuse(ReadOnlySpan<byte> request, Span<byte> response, long now)
    {
        var reader = new MessageReader(request, Request.HeaderLength);
        var hasQuestion = Octets.Read16(request, 4) == 1 && reader.SkipPlainName() > 0;
        reader.Read32();
        var length = hasQuestion && reader.Ok ? reader.Position : Request.HeaderLength;
        request[..length].CopyTo(response);
        Octets.Write16(response, 2, 0x8000 | (Octets.Read16(request, 2) & 0x7900) | (int)Rcode.NotAuth);
        Octets.Write16(response, 4, length > Request.HeaderLength ? 1 : 0);
        response[6..Request.HeaderLength].Clear();
        return Sign(response, length, now);
    }

    /// <summary>A copy of a signed request without its signature.</summary>
    public static byte[] WithoutSignature(ReadOnlySpan<byte> message)
    {
        if (TsigRecord.Read(message, out var record) != TsigPresence.Found) return message.ToArray();
        var bare = message[..record.Start].ToArray();
        Octets.Write16(bare, 10, Octets.Read16(bare, 10) - 1);
        return bare;
    }

    private static bool IsPossible(int length, int whole) => length <= whole && length >= Math.Max(ShortestMac, whole / 2);

    // The order is that of section 5.2: key, MAC, time, length.
    private SignatureWorth Check(ReadOnlySpan<byte> message, in TsigRecord record, TsigKey key, long now)
    {
        Span<byte> mac = stackalloc byte[key.Algorithm.MacLength];
        TsigMac.Compute(key, [], message, record, mac);
        if (!CryptographicOperations.FixedTimeEquals(mac[..record.Mac.Length], record.Mac)) return SignatureWorth.BadSig;
        record.Mac.CopyTo(_mac);
        _macLength = record.Mac.Length;
        if (Math.Abs(now - record.Time) > record.Fudge) return SignatureWorth.BadTime;
        return record.Mac.Length < mac.Length ? SignatureWorth.BadTrunc : SignatureWorth.Good;
    }

    private int Append(Span<byte> message, int length, in TsigFields fields, ReadOnlySpan<byte> mac)
    {
        var to = new TsigWriter(message, length);
        to.Write(_keyName, _algorithmName, fields, mac, _id);
        return to.Position;
    }
}
