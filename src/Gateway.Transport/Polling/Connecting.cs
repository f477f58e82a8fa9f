using System.Net;
using Gateway.Transport.Native;

namespace Gateway.Transport.Polling;

/// <summary>A dial: the descriptor that connects, and, where the answer takes its time, where it is polled.</summary>
internal readonly record struct Connecting(Descriptor Handle, SocketReadiness? Readiness, PollSlot? Slot)
{
    /// <summary>
    /// Dials. Where the peer's answer is there at once, as it is from this machine, nothing is polled for it, and there is no readiness.
    /// </summary>
    /// <exception cref="IOException">Refused or unreachable.</exception>
    public static Connecting Begin(IPEndPoint to, ConnectOptions options)
    {
        var handle = Open(to, options);
        try
        {
            var begun = DescriptorReserve.IsTouchedBy(handle) ? -Errors.TooManyHere : SocketCalls.BeginConnect(handle, to, options);
            if (begun is not 0 and not -Errors.InProgress) throw Errors.ToException(begun, to.ToString());
            if (begun == 0 || SocketCalls.IsConnected(handle)) return new Connecting(handle, null, null);
            var readiness = new SocketReadiness { StayOnPoller = options.StaysOnPoller };
            return new Connecting(handle, readiness, Poller.Choose().AddDialling(handle, readiness));
        }
        catch (IOException)
        {
            handle.Dispose();
            throw;
        }
    }

    private static Descriptor Open(IPEndPoint to, ConnectOptions options)
    {
        if (!options.IsNarrow && SpareSockets.TryTake(to, out var spare)) return new DialledSocket(spare, to);
        var opened = SocketCalls.Open(to.AddressFamily);
        if (opened < 0) throw Errors.ToException(opened, to.ToString());
        // A socket keeps small segments as long as it lives.
        return options.IsNarrow ? new Descriptor(opened) : new DialledSocket(opened, to);
    }

    /// <summary>Waits for the answer.</summary>
    /// <exception cref="IOException">Refused, unreachable, or no answer in the kernel's own time.</exception>
    public async ValueTask AnsweredAsync(IPEndPoint to, CancellationToken stop)
    {
        if (Readiness is not { } readiness) return;
        try
        {
            using var told = stop.UnsafeRegister(static signal => ((Signal)signal!).Set(), readiness.Writable);
            await readiness.Writable.WaitAsync();
            stop.ThrowIfCancellationRequested();
            var error = readiness.IsBroken ? SocketCalls.TakeError(Handle) : 0;
            if (error != 0) throw Errors.ToException(error, to.ToString());
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            Slot!.Poller.Free(Slot);
            Handle.Dispose();
            throw;
        }
    }
}
