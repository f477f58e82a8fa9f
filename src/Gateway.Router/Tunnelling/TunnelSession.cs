using System.Net;
using Gateway.Model;
using Gateway.Transport.Yamux;

namespace Gateway.Router.Tunnelling;

/// <summary>One connected tunnel client, after it proved its secret. <see cref="TunnelListener"/> owns the session beneath.</summary>
internal sealed class TunnelSession(long id, Secret secret, EndPoint? remote, YamuxSession session)
{
    private int _expected;

    /// <summary>Numbers sessions since the start, so that nothing kept for one is used for another.</summary>
    public long Id { get; } = id;

    /// <summary>What it proved.</summary>
    public Secret Secret { get; } = secret;

    /// <summary>Where it came from.</summary>
    public EndPoint? Remote { get; } = remote;

    /// <summary>How log lines name it.</summary>
    public string Label { get; } = $"tunnel {id}";

    /// <summary>Visitors in it now, and those who are about to come.</summary>
    public int Streams => session.Streams + Volatile.Read(ref _expected);

    /// <summary>True while it takes visitors.</summary>
    public bool IsOpen => session.IsOpen;

    /// <summary>Cancelled to make room for a newer session of the same secret.</summary>
    public CancellationTokenSource Displaced { get; } = new();

    /// <summary>Counts a visitor before his stream is open; <see cref="OpenExpectedAsync"/> has to follow.</summary>
    public void Expect() => Interlocked.Increment(ref _expected);

    /// <summary>A stream for the visitor who was expected; null when the session is over or full.</summary>
    public async ValueTask<YamuxStream?> OpenExpectedAsync(CancellationToken stop)
    {
        try
        {
            return await session.OpenAsync(stop);
        }
        finally
        {
            Interlocked.Decrement(ref _expected);
        }
    }
}
