using System.Net;
using System.Runtime.CompilerServices;
using Gateway.Transport;

namespace Gateway.Router.Http;

/// <summary>
/// An upstream that may answer and hang up before it has read the whole request, as one does that finds a body too large
/// (RFC 9112 section 9.5). Once it takes no more, the rest of the request is dropped, and what it has said is still read:
/// its answer is worth more to the visitor than our failure to send. One that refuses, and neither reads on nor hangs up, is sent no
/// more either (RFC 9112 section 9.5: the rest of a request that was refused is not wanted).
/// </summary>
/// <param name="upstream">Owned.</param>
/// <param name="count">Counts what moves.</param>
/// <param name="patience">How long it may leave one piece of a request untaken; then it is cut.</param>
internal sealed class AnsweringUpstream(Duplex upstream, ByteCount count, TimeSpan patience, TimeProvider time) : Duplex
{
    /// <summary>How often a write that waits is looked at.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private volatile bool _isDeaf;
    private volatile bool _isSpent;
    private volatile bool _isOver;
    private volatile bool _isStalled;

    /// <inheritdoc/>
    public override EndPoint? Remote => upstream.Remote;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken stop)
    {
        // A request is sent to its end before its answer is read: what is written after this belongs to another one.
        _isSpent |= _isDeaf;
        if (_isOver) return ValueTask.FromResult(0);
        var reading = upstream.ReadAsync(buffer, stop);
        return reading.IsCompletedSuccessfully ? ValueTask.FromResult(Counted(reading.Result)) : AwaitReadAsync(reading);
    }

    /// <summary>As of a duplex, except that a broken connection is not told here: the next read tells what there is to tell.</summary>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        // To another request it has hung up, as idle connections do at any time: the client asks again elsewhere, where it may.
        if (_isSpent) HangUp();
        if (_isDeaf) return ValueTask.CompletedTask;
        count.Add(bytes.Length, 0);
        var writing = upstream.WriteAsync(bytes, stop);
        return writing.IsCompletedSuccessfully ? writing : AwaitAsync(writing);
    }

    /// <inheritdoc/>
    public override ValueTask EndAsync(CancellationToken stop) => upstream.EndAsync(stop);

    /// <inheritdoc/>
    public override void Reset() => upstream.Reset();

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => upstream.DisposeAsync();

    // Every answer waits here: without a new object for each.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> AwaitReadAsync(ValueTask<int> reading)
    {
        try
        {
            return Counted(await reading);
        }
        catch (IOException) when (_isOver)
        {
            return 0;
        }
        catch (IOException e) when (_isStalled)
        {
            throw new StalledUpstreamException(e);
        }
    }

    // A read may wait already, for the answer to a request to come: it finds the end.
    private void HangUp()
    {
        _isOver = true;
        upstream.Reset();
    }

    private int Counted(int read)
    {
        // A connection that was cut here may show an end as well as a break.
        if (read == 0 && _isStalled) throw new StalledUpstreamException();
        // Zero octets are asked for to learn that some are there.
        if (read > 0) count.Add(0, read);
        return read;
    }

    private async ValueTask AwaitAsync(ValueTask writing)
    {
        var began = time.GetTimestamp();
        using var look = time.CreateTimer(_ => Look(began), null, LookEvery, LookEvery);
        try
        {
            await writing;
        }
        catch (IOException)
        {
            // A read that finds neither answer nor end tells that it broke.
            _isDeaf = true;
        }
    }

    /// <summary>Ends a write that waits for an upstream that has refused, or that has taken nothing for too long.</summary>
    private void Look(long began)
    {
        if (time.GetElapsedTime(began) >= patience) Cut();
        else if (HasRefused()) upstream.EndSending();
    }

    private void Cut()
    {
        _isStalled = true;
        upstream.Reset();
    }

    /// <summary>True when a status line with an error waits to be read; an interim or a good answer may go along with the request.</summary>
    private bool HasRefused()
    {
        Span<byte> line = stackalloc byte["HTTP/1.1 401".Length];
        return upstream.Peek(line) == line.Length && line.StartsWith("HTTP/1."u8) && (line[9] is (byte)'4' or (byte)'5');
    }
}
