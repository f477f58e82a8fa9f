using Gateway.Transport.Polling;

namespace Gateway.Transport.Yamux;

/// <summary>
/// What a stream wants to send: its credit and the bytes of the write that waits for room or credit. Guarded by the lock of the
/// session's <see cref="Outbox"/>; one write at a time.
/// </summary>
internal sealed class SendHalf(uint id) : PolledSource<bool>
{
    public uint Id { get; } = id;

    /// <summary>What a cancelled token calls; made once, so that a wait allocates nothing.</summary>
    public Action<object?, CancellationToken> Cancel => field ??= (outbox, stop) => ((Outbox)outbox!).Cancel(this, stop);

    /// <summary>How many bytes the peer still takes.</summary>
    public uint Credit { get; set; } = ReceiveWindow.Initial;

    /// <summary>The rest of the write that waits.</summary>
    public ReadOnlyMemory<byte> Pending { get; private set; }

    /// <summary>True while a write waits.</summary>
    public bool IsWaiting { get; private set; }

    /// <summary>We sent our end of direction.</summary>
    public bool HasEnded { get; set; }

    /// <summary>Why nothing can be sent any more; null while it can.</summary>
    public string? Broken { get; private set; }

    /// <summary>In the outbox's queue.</summary>
    public bool IsQueued { get; set; }

    /// <summary>The one behind it in that queue.</summary>
    public SendHalf? Next { get; set; }

    /// <summary>Starts to wait with this rest of a write.</summary>
    public ValueTask Wait(ReadOnlyMemory<byte> rest)
    {
        (Pending, IsWaiting) = (rest, true);
        return new ValueTask(this, Begin());
    }

    /// <summary>The front of the rest was sent; the last byte ends the wait.</summary>
    public void Sent(int bytes)
    {
        Pending = Pending[bytes..];
        if (!Pending.IsEmpty) return;
        IsWaiting = false;
        Complete(true);
    }

    /// <summary>Ends the wait without success.</summary>
    public void Fail(Exception why)
    {
        if (!IsWaiting) return;
        (Pending, IsWaiting) = (default, false);
        Complete(why);
    }

    /// <summary>Nothing can be sent any more.</summary>
    public void Break(string why)
    {
        Broken ??= why;
        Fail(new IOException(why));
    }
}
