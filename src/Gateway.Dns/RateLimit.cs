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
/// A fixed table, so that no attacker can make it grow. A bucket bears a tag of its owner; a pair may have either of two neighbours,
/// and a newcomer takes the one that rested longer, and finds it full: so nobody is held back for what a stranger used up, and where
/// a pair's buckets lie is known to this process alone. Updates race without locks; a lost one lets a few more answers through.
/// </remarks>
internal sealed class RateLimit
{
    // 2^16 buckets of 8 octets: an attack of 50,000 networks a second still finds most of its buckets alone.
    private const int BucketCount = 1 << 16;

    // A bucket, from the top: a tag of 16 bits, milliseconds (24 bits, which come round in four hours and a half), credit (24 bits).
    private const int CreditBits = 24;
    private const int TimeBits = 24;
    private const int TagShift = CreditBits + TimeBits;
    private const ulong CreditMask = (1UL << CreditBits) - 1;
    private const ulong TimeMask = (1UL << TimeBits) - 1;

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
        var key = KeyOf(address, verdict);
        var tag = key >> TagShift;
        ref var bucket = ref BucketOf((int)(key % BucketCount), tag, now);
        var credit = CreditOf(Volatile.Read(ref bucket), tag, now);
        var admitted = credit >= 1000;
        if (admitted) credit -= 1000;
        Volatile.Write(ref bucket, (tag << TagShift) | (((ulong)now & TimeMask) << CreditBits) | credit);
        // Only looked at when the bucket is empty, so that nobody else pays for the list.
        if (admitted || _exempt.Contains(address)) return Admission.Answer;
        return _slip > 0 && Interlocked.Increment(ref _slipCount) % _slip == 0 ? Admission.Slip : Admission.Drop;
    }

    /// <summary>The bucket with this tag, else the one that rested longer.</summary>
    private ref ulong BucketOf(int at, ulong tag, long now)
    {
        ref var one = ref _buckets[at];
        var first = Volatile.Read(ref one);
        if (first >> TagShift == tag) return ref one;
        ref var other = ref _buckets[at ^ 1];
        var second = Volatile.Read(ref other);
        if (second >> TagShift == tag || IdleOf(second, now) > IdleOf(first, now)) return ref other;
        return ref one;
    }

    private static ulong IdleOf(ulong bucket, long now) => ((ulong)now - (bucket >> CreditBits)) & TimeMask;

    private ulong CreditOf(ulong bucket, ulong tag, long now)
    {
        // A clock that was set back looks like a long idleness, and so refills: better than to punish everybody for it.
        var idle = IdleOf(bucket, now);
        return idle >= 1000 || bucket >> TagShift != tag ? _full : Math.Min((bucket & CreditMask) + (idle * _perMillisecond), _full);
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
