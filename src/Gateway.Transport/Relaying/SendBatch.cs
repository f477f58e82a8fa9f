using Gateway.Transport.Native;
using Gateway.Transport.Polling;

namespace Gateway.Transport.Relaying;

/// <summary>
/// Small pieces that the relays of one poller thread have read in one round, sent together at its end. Each send wakes whoever
/// reads, who as a rule takes the processor from us at once; when many are sent by one system call, that happens once, not each time.
/// </summary>
internal sealed class SendBatch(PollRounds rounds, Submission? submission) : IPollWork
{
    /// <summary>Bytes: what is larger is worth a system call of its own.</summary>
    public const int LargestPiece = 2 * 1024;

    /// <summary>As many as a thread has in a busy round; more leave in between.</summary>
    public const int MostPieces = 64;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(MostPieces * LargestPiece, pinned: true);
    private readonly (KernelDirection Direction, int Length)[] _pieces = new (KernelDirection, int)[MostPieces];
    private readonly int[] _results = new int[MostPieces];
    private List<KernelRelay> _settled = [];
    private List<KernelRelay> _goingOn = [];
    private int _count;

    bool IPollWork.IsQueued { get; set; }

    int IPollWork.SweepIndex { get; set; } = -1;

    /// <summary>Takes a copy of a piece; in this round its direction is told by <see cref="KernelDirection.Sent"/>, and then its relay goes on.</summary>
    public void Add(KernelDirection direction, ReadOnlySpan<byte> piece)
    {
        if (_count == MostPieces) HandOver();
        piece.CopyTo(_bytes.AsSpan(_count * LargestPiece));
        _pieces[_count++] = (direction, piece.Length);
        rounds.Resume(this);
    }

    /// <summary>Sends what waits, now: something that takes longer is about to begin.</summary>
    public void HandOver()
    {
        if (_count == 0) return;
        if (_count > 1 && submission is not null) SendTogether(submission);
        else _results.AsSpan(0, _count).Fill(Submission.Untouched);
        for (var i = 0; i < _count; i++) Settle(i);
        _pieces.AsSpan(0, _count).Clear();
        _count = 0;
    }

    bool IPollWork.Work()
    {
        HandOver();
        // One that goes on may add a piece to the next batch.
        (_goingOn, _settled) = (_settled, _goingOn);
        foreach (var relay in _goingOn) relay.GoOn();
        _goingOn.Clear();
        return false;
    }

    void IPollWork.OnPosted()
    {
    }

    void IPollWork.Sweep()
    {
    }

    private void SendTogether(Submission together)
    {
        // A relay that has ended since has given its sockets back, and their descriptors may be somebody else's.
        for (var i = 0; i < _count; i++)
            if (_pieces[i].Direction.IsLending) together.Add(i, _pieces[i].Direction.SinkDescriptor, Piece(i));
        together.Send(_results.AsSpan(0, _count));
    }

    private void Settle(int index)
    {
        var direction = _pieces[index].Direction;
        if (!direction.IsLending) return;
        direction.Sent(Piece(index), _results[index]);
        _settled.Add(direction.Relay);
    }

    private ReadOnlySpan<byte> Piece(int index) => _bytes.AsSpan(index * LargestPiece, _pieces[index].Length);
}
