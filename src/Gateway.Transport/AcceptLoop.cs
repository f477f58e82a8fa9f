using System.Net.Sockets;

namespace Gateway.Transport;

/// <summary>
/// Accepts connections and runs one visit for each on the thread pool, where a visit may work for as long as it takes, as a zone
/// transfer does; <see cref="PolledAcceptLoop"/> is for those that never hold a thread up. It owns the listener, each accepted socket, and each visit's task: when a
/// visit's task ends, its socket is closed.
/// </summary>
public sealed class AcceptLoop : IDisposable
{
    private readonly Socket _listener;
    private readonly Func<Socket, CancellationToken, Task> _visit;
    private readonly TimeProvider _time;
    private readonly Action<SocketException>? _onAcceptError;
    private readonly RunningVisits _visits;

    /// <summary>At most <paramref name="limit"/> visits run at once (1 or more); further visitors wait in the kernel's queue.</summary>
    public AcceptLoop(Socket listener, int limit, Func<Socket, CancellationToken, Task> visit, TimeProvider time, Action<SocketException>? onAcceptError = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        (_listener, _visit, _time, _onAcceptError) = (listener, visit, time, onAcceptError);
        _visits = new RunningVisits(limit) { OnFault = fault => OnVisitFault?.Invoke(fault) };
    }

    /// <summary>How long visits may go on after the stop before their token is cancelled. Default 2 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a visit may take to end after its token was cancelled, before it is left behind. Default 2 s.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Told of an exception that a visit let escape: a defect. The loop goes on.</summary>
    public Action<Exception>? OnVisitFault { get; init; }

    /// <summary>How many visits run now.</summary>
    public int Running => _visits.Running;

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
        await _visits.DrainAsync(Drain, Patience, _time);
    }

    /// <summary>Closes the listener and cuts visits that still run.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        _visits.Dispose();
    }

    private async Task AcceptAsync(CancellationToken stop)
    {
        var backOff = new AcceptBackOff();
        while (true)
        {
            // The permit comes before the accept: a visitor we have no room for stays in the kernel's queue.
            await _visits.EnterAsync(stop);
            try
            {
                Start(Spared(await _listener.AcceptAsync(stop)));
                backOff.Reset();
                continue;
            }
            catch (SocketException e)
            {
                _visits.Leave();
                _onAcceptError?.Invoke(e);
                if (IsTheVisitors(e)) continue;
            }
            catch (OperationCanceledException)
            {
                _visits.Leave();
                throw;
            }
            await Task.Delay(backOff.Next(), _time, stop);
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
        _visits.Begin();
        _ = Task.Run(() => _visits.RunAsync(visitor, _visit, static visitor => visitor.Dispose()), CancellationToken.None);
    }
}
