namespace Gateway.Transport.Yamux;

/// <summary>
/// The credit that we give one peer's stream. It begins at 256 KiB by the protocol; what the application has read is given back
/// in halves of the window. A window that is used up faster than four round trips, by an application that keeps up, doubles, up to a
/// bound: then it is the window that the peer waits for.
/// </summary>
internal struct ReceiveWindow()
{
    /// <summary>What every stream starts with, both ways (yamux specification).</summary>
    public const uint Initial = 256 * 1024;

    // As go-yamux: a half-window that lasts less than four round trips means that the peer waits for us.
    private const int RoundTrips = 4;

    // An application that never reads down to an eighth of the window is slower than the peer: more window is more waiting. Bytes come
    // in bursts, so what counts is the least that ever waited, and not what waits at the moment of giving back.
    private const int KeepsUp = 8;

    private uint _size = Initial;
    private uint _left = Initial;
    private uint _read;
    private uint _leastWaiting = uint.MaxValue;
    private TimeSpan _givenBack;

    /// <summary>How large it has grown.</summary>
    public readonly uint Size => _size;

    /// <summary>Takes a frame's payload from the credit. False: the peer sent more than it may.</summary>
    public bool TrySpend(uint length)
    {
        if (length > _left) return false;
        _left -= length;
        return true;
    }

    /// <summary>
    /// Notes what the application has read, with <paramref name="waiting"/> bytes still unread, and says whether half the window waits to
    /// be given back.
    /// </summary>
    public bool IsDue(int read, int waiting)
    {
        _read += (uint)read;
        _leastWaiting = Math.Min(_leastWaiting, (uint)waiting);
        return _read >= _size / 2;
    }

    /// <summary>
    /// The credit to give back. <paramref name="now"/> is a time since any fixed moment, <paramref name="roundTrip"/> zero while
    /// unknown, <paramref name="tryGrow"/> asked for the bytes by which the window would grow.
    /// </summary>
    public uint GiveBack(TimeSpan now, TimeSpan roundTrip, uint largest, Func<uint, bool> tryGrow)
    {
        var fast = _givenBack > TimeSpan.Zero && now - _givenBack < roundTrip * RoundTrips && _leastWaiting <= _size / KeepsUp;
        var growth = fast && _size < largest ? Math.Min(_size, largest - _size) : 0;
        if (growth > 0 && !tryGrow(growth)) growth = 0;
        var credit = _read + growth;
        (_size, _read, _givenBack, _leastWaiting) = (_size + growth, 0, now, uint.MaxValue);
        _left += credit;
        return credit;
    }
}
