using System.Net;
using System.Runtime.CompilerServices;
using Gateway.Transport;

namespace Gateway.Router.Http;

/// <summary>
/// An upstream that may answer and hang up before it has read the whole request, as one does that finds a body too large
/// (RFC 9112 section 9.5). Once it takes no more, the rest of the request is dropped, and what it has said is still read:
/// its answer is worth more to the visitor than our failure to send.
/// </summary>
/// <param name="upstream">Owned.</param>
/// <param name="count">Counts what moves.</param>
/// <param name="patience">How long it may leave one piece of a request untaken; then it is cut.</param>
internal sealed class AnsweringUpstream(Duplex upstream, ByteCount count, TimeSpan patience, TimeProvider time) : Duplex
{
    private bool _isDeaf;

    /// <inheritdoc/>
    public override EndPoint? Remote => upstream.Remote;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken stop)
    {
        var reading = upstream.ReadAsync(buffer, stop);
        return reading.IsCompletedSuccessfully ? ValueTask.FromResult(Counted(reading.Result)) : AwaitReadAsync(reading);
    }

    /// <summary>As of a duplex, except that a broken connection is not told here: the next read tells what there is to tell.</summary>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
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
    private async ValueTask<int> AwaitReadAsync(ValueTask<int> reading) => Counted(await reading);

    private int Counted(int read)
    {
        // Zero octets are asked for to learn that some are there.
        if (read > 0) count.Add(0, read);
        return read;
    }

    private async ValueTask AwaitAsync(ValueTask writing)
    {
        using var bound = time.CreateTimer(static upstream => ((Duplex)upstream!).Reset(), upstream, patience, Timeout.InfiniteTimeSpan);
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
}
