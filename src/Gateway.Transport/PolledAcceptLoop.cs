using System.Net.Sockets;
using Gateway.Transport.Native;
using Gateway.Transport.Polling;

namespace Gateway.Transport;

/// <summary>
/// Accepts connections on our pollers and runs one visit for each, there: a visit that waits for its two sockets and nothing else
/// lives on one thread from accept to close. It must never hold that thread up. Owns the listener, each accepted connection, and each
/// visit's task: when the task ends, its connection is closed.
/// </summary>
public sealed class PolledAcceptLoop : IDisposable
{
    // A poller with so many more sockets than another leaves the visitor to it: a hop between threads is cheaper than an idle core.
    private const int Uneven = 8;

    // How long the kernel keeps a visitor that says nothing; it counts in retransmissions, so this is a second, about.
    private const int KeepSilent = 1;

    private readonly Socket _listener;
    private readonly Func<SocketDuplex, CancellationToken, Task> _visit;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _doorClosed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RunningVisits _visits;
    private Acceptor[] _acceptors = [];

    /// <summary>At most <paramref name="limit"/> visits run at once (1 or more); further visitors wait in the kernel's queue.</summary>
    public PolledAcceptLoop(Socket listener, int limit, Func<SocketDuplex, CancellationToken, Task> visit, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        (_listener, _visit, _time) = (listener, visit, time);
        _visits = new RunningVisits(limit) { OnFault = fault => OnVisitFault?.Invoke(fault), OnRoom = OnRoom };
    }

    /// <summary>How long visits may go on after the stop before their token is cancelled. Default 2 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a visit may take to end after its token was cancelled, before it is left behind. Default 2 s.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Told of an exception that a visit let escape: a defect. The loop goes on.</summary>
    public Action<Exception>? OnVisitFault { get; init; }

    /// <summary>Told why a visitor could not be accepted. The loop goes on.</summary>
    public Action<IOException>? OnAcceptError { get; init; }

    /// <summary>Visitors speak first, so that one is of no interest before it has said something: see TCP_DEFER_ACCEPT in tcp(7).</summary>
    public bool VisitorsSpeakFirst { get; init; }

    /// <summary>After how much silence the kernel asks a visitor for a sign of life (see <see cref="SocketDuplex.KeepAlive"/>); null: never. Visitors have it from the listener, which costs none of them a system call.</summary>
    public TimeSpan? KeepAlive { get; init; }

    /// <summary>How many visits run now.</summary>
    public int Running => _visits.Running;

    /// <summary>Completes when nobody is accepted any more.</summary>
    public Task DoorClosed => _doorClosed.Task;

    /// <summary>Accepts until told to stop, then closes the listener and waits for the visits, with a bound. Called once.</summary>
    /// <exception cref="IOException">No descriptor is left for the pollers.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            Open();
            var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using (stop.UnsafeRegister(static it => ((TaskCompletionSource)it!).TrySetResult(), stopped)) await stopped.Task;
            await Task.WhenAll(_acceptors.Select(acceptor => acceptor.CloseAsync()));
        }
        finally
        {
            _listener.Dispose();
            _doorClosed.TrySetResult();
        }
        await _visits.DrainAsync(Drain, Patience, _time);
    }

    /// <summary>Closes the listener and cuts visits that still run.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        foreach (var acceptor in _acceptors) acceptor.Dispose();
        _visits.Dispose();
    }

    private void Open()
    {
        var handle = _listener.SafeHandle;
        _listener.Blocking = false;
        SocketCalls.SendAtOnce(handle);
        if (KeepAlive is { } idle) SocketCalls.KeepAlive(handle, (int)idle.TotalSeconds);
        if (VisitorsSpeakFirst) SocketCalls.AcceptWithBytes(handle, KeepSilent);
        _acceptors = [.. Poller.All().Select(poller => new Acceptor(poller, handle, _visits, _time) { OnVisitor = Begin, OnError = OnAcceptError })];
        foreach (var acceptor in _acceptors) acceptor.Open();
    }

    private void OnRoom()
    {
        foreach (var acceptor in _acceptors) acceptor.OnRoom();
    }

    private void Begin(SocketDuplex visitor)
    {
        var lightest = Poller.Lightest();
        if (Poller.Current!.Load - lightest.Load <= Uneven) Run(visitor);
        else lightest.Post(new Beginning(this, visitor));
    }

    // Owned by the visits, which count it, end it and tell its faults.
    private void Run(SocketDuplex visitor) => _ = _visits.RunAsync(visitor, _visit, static visitor => visitor.Close());

    private sealed class Beginning(PolledAcceptLoop loop, SocketDuplex visitor) : IPollWork
    {
        public bool IsQueued { get; set; }

        public int SweepIndex { get; set; } = -1;

        public void OnPosted() => loop.Run(visitor);

        public bool Work() => false;

        public void Sweep()
        {
        }
    }
}
