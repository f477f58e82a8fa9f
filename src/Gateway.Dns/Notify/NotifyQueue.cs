using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Gateway.Dns.Tsig;
using Gateway.Dns.Zones;
using Gateway.Model;

namespace Gateway.Dns.Notify;

/// <summary>
/// Which secondaries are still to be told of which zones, and when. One entry for each pair, however often the zone changes. It knows
/// no clock and no socket; its owner holds a lock.
/// </summary>
/// <param name="targets">The secondaries.</param>
internal sealed class NotifyQueue(IReadOnlyList<NotifyTarget> targets)
{
    /// <summary>How often one is told, each time after twice the pause: 1, 2, 4, 8, 16 s. Then its own refresh timer must do (RFC 1996 section 3.6).</summary>
    public const int MostAttempts = 5;

    /// <summary>Milliseconds for more changes to come before the first attempt.</summary>
    public const long Settle = 100;

    private const long FirstPause = 1_000;

    private readonly Dictionary<(DomainName Zone, NotifyTarget Target), Notice> _notices = [];
    private readonly PriorityQueue<Notice, long> _due = new();

    /// <summary>Secondaries that did not answer to any attempt.</summary>
    public long GivenUp { get; private set; }

    /// <summary>Pairs of zone and secondary that are not settled.</summary>
    public int Count => _notices.Count;

    /// <summary>When the next attempt is due, in milliseconds; null when there is none.</summary>
    public long? NextDue => _due.TryPeek(out _, out var due) ? due : null;

    /// <summary>A zone has a new serial.</summary>
    public void Changed(DomainName zone, ZoneHead head, long now)
    {
        foreach (var target in targets)
        {
            if (_notices.TryGetValue((zone, target), out var notice) && notice.Attempts == 0) notice.Head = head;
            else Begin(new Notice(zone, target, head), now);
        }
    }

    /// <summary>Takes an attempt that is due, and plans the next one.</summary>
    public bool TryTake(long now, [NotNullWhen(true)] out Notice? notice)
    {
        while (_due.TryPeek(out notice, out var due) && due <= now)
        {
            _due.Dequeue();
            if (!IsOpen(notice)) continue;
            if (notice.Attempts == MostAttempts)
            {
                GivenUp++;
                _notices.Remove((notice.Zone, notice.Target));
                continue;
            }

            _due.Enqueue(notice, now + (FirstPause << notice.Attempts++));
            return true;
        }

        notice = null;
        return false;
    }

    /// <summary>A secondary answered. True when that settles a notification; an answer that nobody can have meant is passed over.</summary>
    public bool Answered(ReadOnlySpan<byte> message, System.Net.IPEndPoint from, long seconds)
    {
        if (!NotifyMessage.TryReadAnswer(message, out var id, out var zone)) return false;
        foreach (var target in targets)
        {
            if (!target.Endpoint.Equals(from) || !_notices.TryGetValue((zone, target), out var notice)) continue;
            if (notice.Id != id || notice.Attempts == 0 || notice.Signature?.Accepts(message, seconds) == false) continue;
            return _notices.Remove((zone, target));
        }

        return false;
    }

    private void Begin(Notice notice, long now)
    {
        _notices[(notice.Zone, notice.Target)] = notice;
        _due.Enqueue(notice, now + Settle);
    }

    private bool IsOpen(Notice notice) => _notices.TryGetValue((notice.Zone, notice.Target), out var known) && known == notice;
}

/// <summary>One secondary to be told of one zone.</summary>
internal sealed class Notice(DomainName zone, NotifyTarget target, ZoneHead head)
{
    /// <summary>Which zone.</summary>
    public DomainName Zone => zone;

    /// <summary>Which secondary.</summary>
    public NotifyTarget Target => target;

    /// <summary>What is served now.</summary>
    public ZoneHead Head { get; set; } = head;

    /// <summary>How often it was sent.</summary>
    public int Attempts { get; set; }

    /// <summary>The ID of all attempts: nobody who did not see them can guess it (RFC 1996 section 3.6 lets it stay the same).</summary>
    public ushort Id { get; } = (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);

    /// <summary>The last attempt's signature.</summary>
    public OutgoingSignature? Signature { get; private set; }

    /// <summary>Writes the message, signed if the secondary has a key. Returns its length.</summary>
    public int Write(Span<byte> to, long seconds)
    {
        var length = NotifyMessage.Write(to, Id, Zone, Head);
        if (Target.Key is not { } key) return length;
        Signature = new OutgoingSignature(key);
        return Signature.Sign(to, length, seconds);
    }
}
