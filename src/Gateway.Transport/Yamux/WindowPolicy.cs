namespace Gateway.Transport.Yamux;

/// <summary>How the receive windows of one session grow: by the measured round trip, within the session's share of memory.</summary>
internal sealed class WindowPolicy
{
    private readonly uint _largest;
    private readonly ByteBudget _growth;
    private readonly TimeProvider _time;
    private readonly Func<uint, bool> _tryGrow;
    private long _roundTripTicks;

    public WindowPolicy(YamuxOptions options, TimeProvider time)
    {
        (_largest, _time) = (options.MaxWindow, time);
        // Half of what may be buffered: the other half is for the windows that every stream has anyway.
        _growth = new ByteBudget(options.MaxBuffered / 2);
        _tryGrow = bytes => _growth.TryTake(bytes);
    }

    /// <summary>The measured round trip; zero while unknown.</summary>
    public TimeSpan RoundTrip => new(Volatile.Read(ref _roundTripTicks));

    /// <summary>
    /// A ping took so long. A shorter time than before counts at once, a longer one little by little: it may have waited behind data.
    /// </summary>
    public void Measured(TimeSpan roundTrip)
    {
        var known = RoundTrip;
        var now = known == TimeSpan.Zero || roundTrip < known ? roundTrip : known + ((roundTrip - known) / 4);
        Volatile.Write(ref _roundTripTicks, now.Ticks);
    }

    /// <summary>The credit to give back now.</summary>
    public uint GiveBack(ref ReceiveWindow window) =>
        window.GiveBack(_time.GetElapsedTime(0), RoundTrip, _largest, _tryGrow);

    /// <summary>The stream is gone, and with it what its window had grown.</summary>
    public void Release(in ReceiveWindow window) => _growth.Give(window.Size - ReceiveWindow.Initial);
}
