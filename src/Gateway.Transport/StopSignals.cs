using System.Runtime.InteropServices;

namespace Gateway.Transport;

/// <summary>
/// The signals that ask a process to stop, SIGTERM and SIGINT, heard until it is disposed. The first asks for an orderly stop. Whoever
/// sends a second does not want to wait for it: the signal does what it does by default.
/// </summary>
public sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private readonly Lock _gate = new();
    private bool _over;

    /// <summary>Hears from now on.</summary>
    public StopSignals()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Hear);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Hear);
    }

    /// <summary>Cancelled by the first of them.</summary>
    public CancellationToken Token => _stop.Token;

    /// <inheritdoc />
    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        lock (_gate) _over = true;
        _stop.Dispose();
    }

    // A signal may be on its way here while nobody hears any more.
    private void Hear(PosixSignalContext signal)
    {
        lock (_gate)
        {
            signal.Cancel = _over || !_stop.IsCancellationRequested;
            if (!_over) _ = _stop.CancelAsync();
        }
    }
}
