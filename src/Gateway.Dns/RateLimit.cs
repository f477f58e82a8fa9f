using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Gateway.Dns.Wire;

namespace Gateway.Dns;

/// <summary>What becomes of a response.</summary>
internal enum Admission
{
    Answer,

    /// <summary>Send a truncated one, so that a real client comes back by TCP.</summary>
    Slip,

    Drop,
}

/// <summary>
/// Response rate limiting: a forged source address must not turn the server into a weapon. Each pair of client network (/24 or
/// /56) and kind of answer (a zone's answers, a zone's denials, refusals) has a bucket of one second's answers; when it is empty,
/// every n-th response slips through truncated and the others are dropped.
/// </summary>
/// <remarks>
/// A fixed table of buckets without owners: two networks that fall into one bucket share it, and no attacker can make it grow.
/// Updates race without locks; a lost one lets a few more answers through.
/// </remarks>
internal sealed class RateLimit
{
    // 2^16 buckets of 8 octets: an attack of 50,000 networks a second still finds most of its buckets alone.
    private const int BucketCount = 1 << 16;

    private const int CreditBits = 24;
    private const ulong CreditMask = (1UL << CreditBits) - 1;
    private const ulong TimeMask = ulong.MaxValue >> CreditBits;

    private static readonly ulong Seed = MemoryMarshal.Read<ulong>(RandomNumberGenerator.GetBytes(8));
    private static readonly ulong OtherSeed = MemoryMarshal.Read<ulong>(RandomNumberGenerator.GetBytes(8));

    private readonly ulong[] _buckets = new ulong[BucketCount];
    private readonly ulong _full;
    private readonly ulong _perMillisecond;
    private readonly int _slip;
    private readonly Networks _exempt;
    private int _slipCount;

    /// <param name="perSecond">Responses per second, 1 to 16,000: for one network and kind.</param>
    /// <param name="slip">Every n-th response over the limit goes out truncated; 0 for none, 1 for each.</param>
    /// <param name="exempt">Networks that are never limited.</param>
    public RateLimit(int perSecond, int slip, IReadOnlyList<IPNetwork> exempt)
    {
        _exempt = new Networks(exempt);
        // Credit is counted in thousandths of a response, so that a millisecond earns a whole number of them.
        _perMillisecond = (ulong)perSecond;
        _full = (ulong)perSecond * 1000;
        _slip = slip;
    }

    /// <summary>Says what becomes of a response to a client that proved nothing.</summary>
    /// <param name="address">4 or 16 octets.</param>
    /// <param name="verdict">What kind of response it is.</param>
    /// <param name="now">Milliseconds on any clock that runs forward.</param>
    public Admission Admit(ReadOnlySpan<byte> address, in Verdict verdict, long now)
    {
        ref var bucket = ref _buckets[(int)(KeyOf(address, verdict) % BucketCount)];
        var credit = CreditOf(Volatile.Read(ref bucket), now);
        var admitted = credit >= 1000;
        if (admitted) credit -= 1000;
        Volatile.Write(ref bucket, ((ulong)now << CreditBits) | credit);
        // Only looked at when the bucket is empty, so that nobody else pays for the list.
        if (admitted || _exempt.Contains(address)) return Admission.Answer;
        return _slip > 0 && Interlocked.Increment(ref _slipCount) % _slip == 0 ? Admission.Slip : Admission.Drop;
    }

    private ulong CreditOf(ulong bucket, long now)
    {
        // A clock that was set back looks like a long idleness, and so refills: better than to punish everybody for it.
        var idle = ((ulong)now - (bucket >> CreditBits)) & TimeMask;
        return idle >= 1000 ? _full : Math.Min((bucket & CreditMask) + (idle * _perMillisecond), _full);
    }

    private static ulong KeyOf(ReadOnlySpan<byte> address, in Verdict verdict)
    {
        var network = address.Length == 4
            ? Octets.Read32(address, 0) & 0xFFFFFF00
            : MemoryMarshal.Read<ulong>(address) & 0x00FFFFFFFFFFFFFF; // The first seven octets, on the little-endian machines we run on.
        // Denials apart from answers: a flood of random names must not use up what real names need.
        var kind = verdict.Rcode == Rcode.NoError ? 1UL : 2UL + (ulong)verdict.Rcode;
        var high = Math.BigMul(network ^ Seed, ((ulong)(verdict.Zone?.Tag ?? 0) << 32 | kind) ^ OtherSeed, out var low);
        return high ^ low;
    }
}
