using System.Threading.Channels;
using Gateway.Transport;
using Gateway.Transport.Handshakes;

namespace Gateway.Router.Tunnelling;

/// <summary>Writes notices to a client, one after the other, without anybody waiting for it.</summary>
internal sealed class NoticeWriter(Duplex control)
{
    /* A client that lets so many wait does not read. */
    private const int MostWaiting = 64;

    private readonly Channel<TunnelNotice> _notices = Channel.CreateBounded<TunnelNotice>(MostWaiting);

    /// <summary>Queues a notice. False: too many wait.</summary>
    public bool TryTell(TunnelNotice notice) => _notices.Writer.TryWrite(notice);

    /// <summary>Takes no more; what waits is still written.</summary>
    public void Close() => _notices.Writer.TryComplete();

    /// <summary>Writes until closed, told to stop or the session is over.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await foreach (var notice in _notices.Reader.ReadAllAsync(stop)) await control.WriteAsync(notice.Encode(), stop);
        }
        catch (IOException)
        {
            // The session is over; its own task says why.
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The client leaves.
        }
    }
}
