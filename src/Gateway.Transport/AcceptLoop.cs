using System.Net.Sockets;

namespace Gateway.Transport;

/// <summary>
/// Accepts connections and runs one visit for each. It owns the listener, each accepted socket, and each visit's task: when a
/// visit's task ends, its socket is closed.
/// </summary>
public sealed class AcceptLoop : IDisposable
{
    // After "too many open files" a short wait lets running visits return theirs; longer than a second would look like an outage.
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LastBackOff = TimeSpan.FromSeconds(1);

    private readonly Socket _listener;
    private readonly Func<Socket, CancellationToken, Task> _visit;
    private readonly TimeProvider _time;
    private readonly Action<SocketException>? _onAcceptError;
    private readonly SemaphoreSlim _permits;
    private readonly CancellationTokenSource _cut = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;
    private volatile bool _stopping;

    /// <summary>At most <paramref name="limit"/> visits run at once (1 or more); further visitors wait in the kernel's queue.</summary>
    public AcceptLoop(Socket listener, int limit, Func<Socket, CancellationToken, Task> visit, TimeProvider time, Action<SocketException>? onAcceptError = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        (_listener, _visit, _time, _onAcceptError) = (listener, visit, time, onAcceptError);
        _permits = new SemaphoreSlim(limit, limit);
    }

    /// <summary>How long visits may go on after the stop before their token is cancelled. Default 2 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a visit may take to end after its token was cancelled, before it is left behind. Default 2 s.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Told of an exception that a visit let escape: a defect. The loop goes on.</summary>
    public Action<Exception>? OnVisitFault { get; init; }

    /// <summary>How many visits run now.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Accepts until told to stop, then closes the listener and waits for the visits, with a bound. Called once.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await AcceptAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop: the rest is draining.
        }
        finally
        {
            _listener.Dispose();
        }
        await DrainAsync();
    }

    /// <summary>Closes the listener and cuts visits that still run.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        _cut.Cancel();
    }

    private async Task AcceptAsync(CancellationToken stop)
    {
        var backOff = FirstBackOff;
        while (true)
        {
            // The permit comes before the accept: a visitor we have no room for stays in the kernel's queue.
            await _permits.WaitAsync(stop);
            try
            {
                Start(Spared(await _listener.AcceptAsync(stop)));
                backOff = FirstBackOff;
                continue;
            }
            catch (SocketException e)
            {
                _permits.Release();
                _onAcceptError?.Invoke(e);
                if (IsTheVisitors(e)) continue;
            }
            catch (OperationCanceledException)
            {
                _permits.Release();
                throw;
            }
            await Task.Delay(backOff, _time, stop);
            backOff = backOff * 2 < LastBackOff ? backOff * 2 : LastBackOff;
        }
    }

    private static Socket Spared(Socket visitor)
    {
        if (!DescriptorReserve.IsTouchedBy(visitor.SafeHandle)) return visitor;
        visitor.Dispose();
        throw new SocketException((int)SocketError.TooManyOpenSockets);
    }

    // The visitor left between its SYN and our accept: the next one waits already.
    private static bool IsTheVisitors(SocketException e) =>
        e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset;

    private void Start(Socket visitor)
    {
        Interlocked.Increment(ref _running);
        _ = Task.Run(() => VisitAsync(visitor), CancellationToken.None);
    }

    private async Task VisitAsync(Socket visitor)
    {
        try
        {
            await _visit(visitor, _cut.Token);
        }
        catch (OperationCanceledException) when (_cut.IsCancellationRequested)
        {
            // Cut at the end of the drain.
        }
#pragma warning disable CA1031 // The boundary of one visit: a defect in it must not end the others.
        catch (Exception e)
#pragma warning restore CA1031
        {
            OnVisitFault?.Invoke(e);
        }
        finally
        {
            visitor.Dispose();
            Leave();
        }
    }

    private void Leave()
    {
        _permits.Release();
        if (Interlocked.Decrement(ref _running) == 0 && _stopping) _drained.TrySetResult();
    }

    private async Task DrainAsync()
    {
        _stopping = true;
        if (Running == 0 || await IsDrainedIn(Drain)) return;
        await _cut.CancelAsync();
        await IsDrainedIn(Patience);
    }

    private async Task<bool> IsDrainedIn(TimeSpan bound)
    {
        try
        {
            await _drained.Task.WaitAsync(bound, _time, CancellationToken.None);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
