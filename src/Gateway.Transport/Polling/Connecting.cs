using System.Net;
using Gateway.Transport.Native;

namespace Gateway.Transport.Polling;

/// <summary>A dial: the descriptor that connects, and where it is polled.</summary>
internal readonly record struct Connecting(Descriptor Handle, SocketReadiness Readiness, PollSlot Slot)
{
    /// <summary>Dials, and waits for the answer.</summary>
    /// <exception cref="IOException">Refused, unreachable, or no answer in the kernel's own time.</exception>
    public static async ValueTask<Connecting> RunAsync(IPEndPoint to, ConnectOptions options, CancellationToken stop)
    {
        var begun = SocketCalls.BeginConnect(to, options.IsNarrow, out var handle);
        PollSlot? slot = null;
        try
        {
            if (begun is 0 or -Errors.InProgress && DescriptorReserve.IsTouchedBy(handle)) begun = -Errors.TooManyHere;
            if (begun is not 0 and not -Errors.InProgress) throw Errors.ToException(begun, to.ToString());
            var readiness = new SocketReadiness { StayOnPoller = options.StaysOnPoller };
            slot = Poller.Choose().AddDialling(handle, readiness);
            if (begun != 0) await AnsweredAsync(to, handle, readiness, stop);
            return new Connecting(handle, readiness, slot);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            if (slot is not null) slot.Poller.Free(slot);
            handle.Dispose();
            throw;
        }
    }

    private static async ValueTask AnsweredAsync(IPEndPoint to, Descriptor handle, SocketReadiness readiness, CancellationToken stop)
    {
        using var told = stop.UnsafeRegister(static signal => ((Signal)signal!).Set(), readiness.Writable);
        await readiness.Writable.WaitAsync();
        stop.ThrowIfCancellationRequested();
        var error = readiness.IsBroken ? SocketCalls.TakeError(handle) : 0;
        if (error != 0) throw Errors.ToException(error, to.ToString());
    }
}
