using System.Net;
using Gateway.Transport;

namespace Gateway.Router.Http;

/// <summary>
/// An upstream that may answer and hang up before it has read the whole request, as one does that finds a body too large
/// (RFC 9112 section 9.5). Once it takes no more, the rest of the request is dropped, and what it has said is still read:
/// its answer is worth more to the visitor than our failure to send.
/// </summary>
internal sealed class AnsweringUpstream(Duplex upstream) : Duplex
{
    private bool _isDeaf;

    /// <inheritdoc/>
    public override EndPoint? Remote => upstream.Remote;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken stop) => upstream.ReadAsync(buffer, stop);

    /// <summary>As of a duplex, except that a broken connection is not told here: the next read tells what there is to tell.</summary>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        if (_isDeaf) return ValueTask.CompletedTask;
        var writing = upstream.WriteAsync(bytes, stop);
        return writing.IsCompletedSuccessfully ? writing : AwaitAsync(writing);
    }

    /// <inheritdoc/>
    public override ValueTask EndAsync(CancellationToken stop) => upstream.EndAsync(stop);

    /// <inheritdoc/>
    public override void Reset() => upstream.Reset();

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => upstream.DisposeAsync();

    private async ValueTask AwaitAsync(ValueTask writing)
    {
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
