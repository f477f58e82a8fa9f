using Gateway.Transport.Native;
using Gateway.Transport.Polling;

namespace Gateway.Transport.Relaying;

/// <summary>What the relays of one poller thread share: a buffer that each uses for a moment, and pipes that are free.</summary>
internal sealed class RelayThread
{
    // As much as a socket usually holds for us; larger would leave the processor's cache.
    private const int ScratchSize = 64 * 1024;

    // Two descriptors each; more bulky connections than this on one thread share its bandwidth by copying.
    private const int MostPipes = 256;

    [ThreadStatic]
    private static RelayThread? _current;

    private readonly Stack<SplicePipe> _free = new();
    private int _used;

    /// <summary>That of the poller thread we are on.</summary>
    public static RelayThread Current => _current ??= new RelayThread();

    /// <summary>Nothing in it lasts longer than one call.</summary>
    public byte[] Scratch { get; } = GC.AllocateUninitializedArray<byte>(ScratchSize, pinned: true);

    /// <summary>What is read and sent together at the end of a round.</summary>
    public PieceBatch Pieces => field ??= new PieceBatch(Poller.Current!.Rounds, Submission.TryOpen(PieceBatch.MostPieces));

    /// <summary>An empty pipe; null when there is none to be had.</summary>
    public SplicePipe? TakePipe()
    {
        if (_used >= MostPipes) return null;
        var pipe = _free.TryPop(out var free) ? free : SplicePipe.Open();
        if (pipe is not null) _used++;
        return pipe;
    }

    /// <summary>The pipe is not needed any more. It is kept for another bulky connection while there are any, if it is empty.</summary>
    public void GivePipe(SplicePipe pipe)
    {
        _used--;
        if (pipe.Waiting > 0) pipe.Close();
        else _free.Push(pipe);
        if (_used > 0) return;
        while (_free.TryPop(out var idle)) idle.Close();
    }
}
