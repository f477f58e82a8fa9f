using System.Net;

namespace Gateway.Transport;

/// <summary>
/// Two directions of bytes between us and one peer: a socket, or a stream of a tunnel. One reader and one writer at a time.
/// Broken IO (a reset, a vanished peer, a disposed end) is an <see cref="IOException"/>; nothing else is thrown for what a peer did.
/// </summary>
public abstract class Duplex : IAsyncDisposable
{
    /// <summary>Who is at the other end, when known.</summary>
    public abstract EndPoint? Remote { get; }

    /// <summary>
    /// What waits for it goes on on a poller's thread where one ends the wait, wherever it began: for waiters that are known never to
    /// hold a thread up.
    /// </summary>
    public virtual bool StaysOnPoller { get; set; }

    /// <summary>Reads at least one byte, or returns 0 when the peer has ended its direction.</summary>
    /// <exception cref="IOException">The connection is broken.</exception>
    public abstract ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken stop);

    /// <summary>Hands over all bytes; returns when the buffer may be used again.</summary>
    /// <exception cref="IOException">The connection is broken.</exception>
    public abstract ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop);

    /// <summary>Looks at what is there already, which the next read gives again, and never waits: how many bytes. 0: none, no more, or none that can be looked at.</summary>
    public virtual int Peek(Span<byte> buffer) => 0;

    /// <summary>Ends our direction, whoever writes: a write that waits fails. Never throws. What cannot be ended in the middle of a write is reset.</summary>
    public virtual void EndSending() => Reset();

    /// <summary>Ends our direction (TCP FIN); reading goes on. A second call does nothing.</summary>
    /// <exception cref="IOException">The connection is broken.</exception>
    public abstract ValueTask EndAsync(CancellationToken stop);

    /// <summary>Breaks both directions at once, so that the peer sees a reset (TCP RST). Never throws; a second call does nothing.</summary>
    public abstract void Reset();

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
