using System.Runtime.InteropServices;
using Gateway.Transport.Native;

namespace Gateway.Transport.Polling;

/// <summary>
/// One poller's part in accepting from a listener. While there is room for visits it is registered, and takes one visitor each time
/// it is told; without a permit or a descriptor it is off, so that visitors wait in the kernel's queue. All of it runs on the poller.
/// </summary>
internal sealed class Acceptor(Poller poller, SafeHandle listener, RunningVisits visits, TimeProvider time) : IPolled, IPollWork, IDisposable
{
    // Those who wait together are taken together: a look at the sockets for each would cost more than the look for one more visitor.
    private const int MostAtOnce = 4;

    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private AcceptBackOff _backOff;
    private ITimer? _backingOff;
    private PollSlot? _slot;
    private int _isFull;
    private volatile bool _closing;

    /// <summary>Begins the visit of somebody who was accepted, and who was counted; on the poller.</summary>
    public required Action<SocketDuplex> OnVisitor { get; init; }

    /// <summary>Told why a visitor could not be accepted.</summary>
    public Action<IOException>? OnError { get; init; }

    bool IPollWork.IsQueued { get; set; }

    int IPollWork.SweepIndex { get; set; } = -1;

    /// <summary>Begins to accept.</summary>
    public void Open() => poller.Post(this);

    /// <summary>A permit is free again.</summary>
    public void OnRoom()
    {
        if (Volatile.Read(ref _isFull) != 0 && Interlocked.Exchange(ref _isFull, 0) != 0) poller.Post(this);
    }

    /// <summary>Accepts no more; completes when none will be accepted any more.</summary>
    public Task CloseAsync()
    {
        _closing = true;
        poller.Post(this);
        return _closed.Task;
    }

    public void Dispose() => _backingOff?.Dispose();

    void IPolled.OnReady(Ready ready)
    {
        for (var taken = 0; taken < MostAtOnce && _slot is not null; taken++)
        {
            if (!visits.TryEnter()) WaitForRoom();
            else if (!Accept()) return;
        }
    }

    void IPollWork.OnPosted()
    {
        if (_closing) Close();
        else if (_slot is null) Register();
    }

    bool IPollWork.Work() => false;

    void IPollWork.Sweep()
    {
    }

    // False: nobody waits any more.
    private bool Accept()
    {
        var error = SocketCalls.Accept(listener, out var visitor, out var remote);
        if (visitor is null || DescriptorReserve.IsTouchedBy(visitor))
        {
            visitor?.Dispose();
            visits.Leave();
            Failed(visitor is null ? error : -Errors.TooManyHere);
            return error != -Errors.TryAgain;
        }
        _backOff.Reset();
        visits.Begin();
        OnVisitor(new SocketDuplex(visitor, remote));
        return true;
    }

    private void Failed(int error)
    {
        // Another poller was quicker.
        if (error == -Errors.TryAgain) return;
        OnError?.Invoke(Errors.ToException(error));
        if (error is -Errors.TooManyHere or -Errors.TooManyAnywhere or -Errors.NoBuffers or -Errors.NoMemory) BackOff();
        else if (error == -Errors.Closed) Unregister();
        // Anything else was the visitor's: it left between its SYN and our accept, and the next one waits already (accept(2)).
    }

    private void WaitForRoom()
    {
        Unregister();
        Volatile.Write(ref _isFull, 1);
        // A visit may have ended just before we said that we wait for that.
        if (!visits.TryEnter()) return;
        visits.Leave();
        OnRoom();
    }

    private void BackOff()
    {
        Unregister();
        _backingOff?.Dispose();
        _backingOff = time.CreateTimer(static acceptor => ((Acceptor)acceptor!).Open(), this, _backOff.Next(), Timeout.InfiniteTimeSpan);
    }

    private void Register()
    {
        try
        {
            _slot = poller.AddListener(listener, this);
        }
        catch (IOException e)
        {
            OnError?.Invoke(e);
            BackOff();
        }
        catch (ObjectDisposedException)
        {
            // The listener was closed beneath us: nobody will come.
        }
    }

    private void Unregister()
    {
        if (_slot is not { } slot) return;
        _slot = null;
        try
        {
            poller.Remove(listener, slot);
        }
        catch (ObjectDisposedException)
        {
            // Closed beneath us, and so no longer registered.
            poller.Free(slot);
        }
    }

    private void Close()
    {
        Unregister();
        _backingOff?.Dispose();
        _closed.TrySetResult();
    }
}
