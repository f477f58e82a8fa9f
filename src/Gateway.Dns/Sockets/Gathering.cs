namespace Gateway.Dns.Sockets;

/// <summary>
/// Decides when a thread that answers datagrams lets some gather before it looks again, as network cards hold interrupts back
/// under load. A thread that is faster than its clients otherwise finds a few queries at a time, and pays the way into the kernel
/// and through its network stack for each few. It never pauses when little goes on, when much waits already, or when the last
/// pause gathered nothing: clients that wait for their answers before they ask again only lose by it.
/// </summary>
internal struct Gathering
{
    /// <summary>Datagrams of one batch from which on a pause is tried: thousands come in a tenth of a second.</summary>
    public const int Busy = 8;

    /// <summary>Datagrams that a pause must gather, or there is none for the next <see cref="Rest"/> batches.</summary>
    public const int Worth = Busy * 3 / 2;

    /// <summary>Datagrams of one batch from which on so much waits that there is nothing to gather.</summary>
    public const int Plenty = DatagramBatch.Size * 3 / 4;

    /// <summary>Batches without a pause after one that gathered too little.</summary>
    public const int Rest = 100;

    private bool _paused;
    private int _rest;

    /// <summary>Whether to pause now.</summary>
    /// <param name="count">Datagrams of the batch that was just answered.</param>
    public bool Pauses(int count)
    {
        if (_paused && count < Worth) _rest = Rest;
        else if (_rest > 0) _rest--;
        return _paused = _rest == 0 && count is >= Busy and < Plenty;
    }
}
