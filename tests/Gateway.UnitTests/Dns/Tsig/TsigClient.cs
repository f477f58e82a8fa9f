using System.Buffers.Binary;
using System.Security.Cryptography;
using Gateway.Model;
using Xunit;

namespace Gateway.UnitTests.Dns.Tsig;

/// <summary>The other side of RFC 8945, written once more from the RFC's pages, and slowly: it signs requests and checks answers.</summary>
internal sealed class TsigClient(string keyName, string algorithm, byte[] secret)
{
    private byte[] _prior = [];
    private bool _first = true;

    public byte[] Sign(byte[] message, long time, ushort fudge = 300, int cut = 0)
    {
        var mac = Mac([.. message, .. Name(keyName), .. U16(255), 0, 0, 0, 0, .. Name(algorithm), .. Time(time), .. U16(fudge), .. U16(0), .. U16(0)]);
        mac = mac[..(mac.Length - cut)];
        _prior = mac;
        byte[] signed = [.. message, .. Record(time, fudge, mac, message[..2], 0, [])];
        signed[11]++;
        return signed;
    }

    /// <summary>Checks the next message of an answer and takes its record off. Returns the TSIG error field, or -1 for a wrong MAC.</summary>
    public int Check(byte[] message, out byte[] other)
    {
        byte[] head = [.. Name(keyName), 0, 250, 0, 255, 0, 0, 0, 0];
        var start = message.AsSpan().LastIndexOf(head);
        Assert.True(start > 0, "The message is not signed.");
        var at = start + head.Length + 2 + Name(algorithm).Length;
        var timers = message[at..(at + 8)];
        var macLength = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(at + 8));
        var mac = message[(at + 10)..(at + 10 + macLength)];
        var rest = message[(at + 10 + macLength)..];
        other = rest[6..];
        byte[] bare = [.. message[..start]];
        bare[11]--;
        byte[] prior = _prior.Length == 0 ? [] : [.. U16((ushort)_prior.Length), .. _prior];
        byte[] fields = _first ? [.. Name(keyName), 0, 255, 0, 0, 0, 0, .. Name(algorithm), .. timers, .. rest[2..4], .. rest[4..6], .. other] : timers;
        var error = BinaryPrimitives.ReadUInt16BigEndian(rest.AsSpan(2));
        if (macLength == 0) return error;
        if (!Mac([.. prior, .. bare, .. fields]).SequenceEqual(mac)) return -1;
        (_prior, _first) = (mac, false);
        return error;
    }

    public static long TimeIn(byte[] other) => other.Aggregate(0L, (time, octet) => (time << 8) | octet);

    private byte[] Record(long time, ushort fudge, byte[] mac, byte[] id, ushort error, byte[] other)
    {
        byte[] rdata = [.. Name(algorithm), .. Time(time), .. U16(fudge), .. U16((ushort)mac.Length), .. mac, .. id, .. U16(error), .. U16((ushort)other.Length), .. other];
        return [.. Name(keyName), 0, 250, 0, 255, 0, 0, 0, 0, .. U16((ushort)rdata.Length), .. rdata];
    }

    private byte[] Mac(byte[] covered) => algorithm switch
    {
        "hmac-sha256" => HMACSHA256.HashData(secret, covered),
        "hmac-sha384" => HMACSHA384.HashData(secret, covered),
        _ => HMACSHA512.HashData(secret, covered),
    };

    private static byte[] Name(string name) => DomainName.Parse(name).Wire.ToArray();

    private static byte[] U16(ushort value) => [(byte)(value >> 8), (byte)value];

    private static byte[] Time(long time) => [.. U16((ushort)(time >> 32)), .. U16((ushort)(time >> 16)), .. U16((ushort)time)];
}
