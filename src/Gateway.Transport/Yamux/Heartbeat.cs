using Gateway.Transport.Yamux.Frames;

namespace Gateway.Transport.Yamux;

/// <summary>
/// Knows whether the peer lives: asks it for a sign in fixed steps, and gives it up when nothing at all has come, or when it has
/// taken nothing of a write, for too long. So it does when bytes come, but for as long none that show that it hears us: no reply, no
/// payload, no credit. Then only a reply that may be late has more time, for our ping may be behind what we sent before it.
/// </summary>
internal sealed class Heartbeat(Outbox outbox, WindowPolicy windows, YamuxOptions options, TimeProvider time)
{
    // A peer that sends but never answers, for so many pings, is none that we can measure or trust, whatever is on the way.
    private const int MostUnanswered = 12;

    // What even a line of 22 kbit/s carries before the peer would be dead: with no more on the way, a ping is not late for it.
    private const int Little = 64 * 1024;

    private const string Nothing = "nothing came from the peer";

    // The first answer comes from a peer that is still waking up; the second measures better.
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(10);

    private long _heardAt = time.GetTimestamp();
    private long _heardUsAt = time.GetTimestamp();
    private long _sentBeforePing;
    private long _arrived;
    private long _writingSince;
    private long _askedAt;
    private uint _lastId;
    private int _unanswered;

    /// <summary>Bytes have come.</summary>
    public void Heard() => Volatile.Write(ref _heardAt, time.GetTimestamp());

    /// <summary>Something has come that a peer sends only while it hears us or serves visitors: payload, or credit.</summary>
    public void HeardUs() => Volatile.Write(ref _heardUsAt, time.GetTimestamp());

    /// <summary>A write to the carrier begins.</summary>
    public void BeginWrite() => Volatile.Write(ref _writingSince, time.GetTimestamp() | 1);

    /// <summary>It is through.</summary>
    public void EndWrite() => Volatile.Write(ref _writingSince, 0);

    /// <summary>A ping reply has come; only the last id measures the round trip.</summary>
    public void Answered(uint id)
    {
        HeardUs();
        Volatile.Write(ref _unanswered, 0);
        if (id != Volatile.Read(ref _lastId)) return;
        Volatile.Write(ref _arrived, Volatile.Read(ref _sentBeforePing));
        windows.Measured(time.GetElapsedTime(Volatile.Read(ref _askedAt)));
    }

    /// <summary>Runs until the peer is given up, and says why.</summary>
    public async Task<string> RunAsync(CancellationToken stop)
    {
        Heard();
        HeardUs();
        var nextPing = TimeSpan.Zero;
        var start = time.GetTimestamp();
        while (true)
        {
            if (Fault() is { } fault) return fault;
            if (time.GetElapsedTime(start) >= nextPing)
            {
                Ask();
                nextPing = time.GetElapsedTime(start) + (_lastId == 1 ? Early : options.PingInterval);
            }
            await Task.Delay(Pause(nextPing - time.GetElapsedTime(start)), time, stop);
        }
    }

    private string? Fault()
    {
        if (Silence >= options.DeadAfter) return Nothing;
        if (Stall >= options.WriteTimeout) return "the peer reads nothing";
        var isLate = Deafness >= options.DeadAfter && outbox.PayloadSent - Volatile.Read(ref _arrived) <= Little;
        if (!isLate && _unanswered <= MostUnanswered) return null;
        // Its last ping may have come after its last reply; one that lives would have sent another by now.
        return Silence >= options.DeadAfter / 2 ? Nothing : "the peer answers no ping";
    }

    /// <summary>How long nothing has come from the peer.</summary>
    public TimeSpan Silence => time.GetElapsedTime(Volatile.Read(ref _heardAt));

    private TimeSpan Deafness => time.GetElapsedTime(Volatile.Read(ref _heardUsAt));

    private TimeSpan Stall => Volatile.Read(ref _writingSince) is not 0 and var since ? time.GetElapsedTime(since) : TimeSpan.Zero;

    private void Ask()
    {
        Interlocked.Increment(ref _unanswered);
        Volatile.Write(ref _askedAt, time.GetTimestamp());
        Volatile.Write(ref _sentBeforePing, outbox.PayloadSent);
        var id = _lastId + 1;
        Volatile.Write(ref _lastId, id);
        outbox.Send(FrameKind.Ping, FrameFlags.Syn, 0, id);
    }

    private TimeSpan Pause(TimeSpan untilPing)
    {
        var untilDead = options.DeadAfter - (Deafness < options.DeadAfter ? Deafness : Silence);
        var untilStalled = options.WriteTimeout - Stall;
        var pause = untilPing < untilDead ? untilPing : untilDead;
        pause = pause < untilStalled ? pause : untilStalled;
        return pause > Soon ? pause : Soon;
    }
}
