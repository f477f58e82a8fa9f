using Gateway.Transport.Native;
using Gateway.Transport.Polling;

namespace Gateway.Transport.Relaying;

/// <summary>
/// Small pieces of the relays of one poller thread in one round: read together, and then sent together. Each send wakes whoever
/// reads, who as a rule takes the processor from us at once; when many are sent by one system call, that happens once, not each time.
/// The room they are read into is that of the thread, so that a connection that rests holds none.
/// </summary>
internal sealed class PieceBatch(PollRounds rounds, Submission? submission) : IPollWork
{
    /// <summary>Bytes: what is larger is worth a system call of its own.</summary>
    public const int LargestPiece = 2 * 1024;

    /// <summary>As many as a thread has in a busy round; more leave in between, and those of a relay that wants fewer together.</summary>
    public const int MostPieces = 64;

    // Instead of a length: a piece that is to be read, and one of which there was nothing.
    private const int Asked = -1;
    private const int Nothing = 0;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(MostPieces * LargestPiece, pinned: true);
    private readonly (KernelDirection Direction, int Length)[] _pieces = new (KernelDirection, int)[MostPieces];
    private readonly int[] _results = new int[MostPieces];
    private List<KernelRelay> _settled = [];
    private List<KernelRelay> _goingOn = [];
    private int _count;

    bool IPollWork.IsQueued { get; set; }

    int IPollWork.SweepIndex { get; set; } = -1;

    /// <summary>
    /// Reads a piece for a direction in this round, of which it is told by <see cref="KernelDirection.Received"/>, and sends it, as if it
    /// had been added.
    /// </summary>
    public void Ask(KernelDirection direction)
    {
        MakeRoom(direction);
        _pieces[_count++] = (direction, Asked);
        rounds.Resume(this);
    }

    /// <summary>Takes a copy of a piece; in this round its direction is told by <see cref="KernelDirection.Sent"/>, and then its relay goes on.</summary>
    public void Add(KernelDirection direction, ReadOnlySpan<byte> piece)
    {
        MakeRoom(direction);
        piece.CopyTo(Room(_count));
        _pieces[_count++] = (direction, piece.Length);
        rounds.Resume(this);
    }

    /// <summary>Reads and sends what waits, now: something that takes longer is about to begin.</summary>
    public void HandOver()
    {
        if (_count == 0) return;
        Receive();
        Send();
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

    private void MakeRoom(KernelDirection direction)
    {
        if (_count >= Math.Min(direction.PiecesTogether, MostPieces)) HandOver();
    }

    private bool IsToBeRead(int index) => _pieces[index] is { Length: Asked, Direction.IsLending: true };

    // A relay that has ended since has given its sockets back, and their descriptors may be somebody else's.
    private bool IsToBeSent(int index) => _pieces[index] is { Length: > 0, Direction.IsLending: true };

    private void Receive()
    {
        if (submission is not null)
            for (var i = 0; i < _count; i++)
                if (IsToBeRead(i)) submission.AddReceive(i, _pieces[i].Direction.SourceDescriptor, Room(i));
        Run();
        for (var i = 0; i < _count; i++)
            if (IsToBeRead(i)) _pieces[i].Length = _pieces[i].Direction.Received(Room(i), _results[i]);
    }

    private void Send()
    {
        if (submission is not null)
            for (var i = 0; i < _count; i++)
                if (IsToBeSent(i)) submission.AddSend(i, _pieces[i].Direction.SinkDescriptor, Piece(i));
        Run();
    }

    private void Run()
    {
        var results = _results.AsSpan(0, _count);
        if (submission is { Count: > 1 }) submission.Run(results);
        else results.Fill(Submission.Untouched);
        submission?.Clear();
    }

    private void Settle(int index)
    {
        var (direction, length) = _pieces[index];
        if (IsToBeSent(index)) direction.Sent(Piece(index), _results[index]);
        else if (length != Nothing) return;
        _settled.Add(direction.Relay);
    }

    private Span<byte> Room(int index) => _bytes.AsSpan(index * LargestPiece, LargestPiece);

    private ReadOnlySpan<byte> Piece(int index) => _bytes.AsSpan(index * LargestPiece, _pieces[index].Length);
}
