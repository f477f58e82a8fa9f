using System.Collections.Concurrent;
using Gateway.Model;
using Gateway.Transport.Handshakes;

namespace Gateway.Router.Tunnelling;

/// <summary>
/// The connected tunnel clients by secret. Several share a secret and take turns. A new one is in at once: it never waits for
/// an old one, which may be dead without knowing; one too many displaces the oldest.
/// </summary>
/// <param name="perSecret">How many may share one secret.</param>
/// <param name="time">The clock of those who are on their way back.</param>
internal sealed class Tunnels(int perSecret, TimeProvider time)
{
    // Oldest first, replaced as a whole.
    private readonly ConcurrentDictionary<Secret, TunnelSession[]> _sessions = new();
    private readonly Lock _writing = new();
    private readonly Lock _taking = new();
    private readonly ReturningClients _returning = new(time);
    private int _count;
    private volatile bool _isLeaving;

    /// <summary>True once <see cref="GoAwayAsync"/> was called: nobody is let in any more.</summary>
    public bool IsLeaving => _isLeaving;

    /// <summary>All sessions.</summary>
    public IEnumerable<TunnelSession> Sessions => _sessions.Values.SelectMany(sessions => sessions);

    /// <summary>How many sessions there are.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>
    /// The session with the fewest visitors; among equals the newest, since it is the likeliest to be alive; one that is about to leave
    /// only where there is no other. Null: none takes such visitors.
    /// </summary>
    public TunnelSession? Pick(Secret secret, Traffic traffic)
    {
        if (!_sessions.TryGetValue(secret, out var sessions)) return null;
        var wanted = traffic == Traffic.Tls ? ServedTraffic.Tls : ServedTraffic.Http;
        TunnelSession? best = null;
        var least = (IsLeaving: true, Streams: int.MaxValue);
        foreach (var session in sessions)
        {
            if (!session.IsOpen || (session.Serves & wanted) == 0 || (session.IsLeaving, session.Streams) is var load && load.CompareTo(least) > 0) continue;
            (best, least) = (session, load);
        }

        return best;
    }

    /// <summary>True while another session of its secret can take its visitors.</summary>
    public bool IsFollowed(TunnelSession session) => _sessions.GetValueOrDefault(session.Secret, []).Any(
        other => other != session && other.IsOpen && !other.IsLeaving && (other.Serves & session.Serves) == session.Serves);

    /// <summary>As <see cref="Pick"/>, and counts the visitor who is about to come, so that two at once do not choose the same session.</summary>
    public TunnelSession? Take(Secret secret, Traffic traffic)
    {
        lock (_taking)
        {
            var session = Pick(secret, traffic);
            session?.Expect();
            return session;
        }
    }

    /// <summary>From now on, for so long, visitors wait for clients who are on their way back.</summary>
    public void Expect(TimeSpan within) => _returning.Expect(within);

    /// <summary>After <see cref="Take"/> found none: waits for a client that may be on its way back. It throws nothing.</summary>
    public Task WaitAsync(Secret secret, CancellationToken stop) => _returning.WaitAsync(secret, () => _sessions.ContainsKey(secret), stop);

    /// <summary>
    /// Adds a session; cancels <see cref="TunnelSession.Displaced"/> of the oldest when there are too many. False: the node is about to
    /// leave, and would not tell this one.
    /// </summary>
    public bool TryAdd(TunnelSession session)
    {
        TunnelSession? displaced = null;
        lock (_writing)
        {
            if (_isLeaving) return false;
            var sessions = _sessions.GetValueOrDefault(session.Secret, []);
            if (sessions.Length >= perSecret) (displaced, sessions) = (sessions[0], sessions[1..]);
            else _count++;
            _sessions[session.Secret] = [.. sessions, session];
        }

        displaced?.Displaced.Cancel();
        _returning.Came(session.Secret);
        return true;
    }

    /// <summary>Tells every client that the node closes its session after this time.</summary>
    public async Task GoAwayAsync(TimeSpan closes, CancellationToken stop)
    {
        lock (_writing) _isLeaving = true;
        foreach (var session in Sessions) await session.GoAwayAsync(closes, stop);
    }

    /// <summary>Takes a session out; nothing when it was displaced already.</summary>
    public void Remove(TunnelSession session)
    {
        lock (_writing)
        {
            var before = _sessions.GetValueOrDefault(session.Secret, []);
            var after = Array.FindAll(before, other => other != session);
            _count -= before.Length - after.Length;
            if (after.Length == 0) _sessions.TryRemove(session.Secret, out _);
            else _sessions[session.Secret] = after;
        }
    }
}
