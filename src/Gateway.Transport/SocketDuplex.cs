using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Gateway.Transport.Native;
using Gateway.Transport.Polling;

namespace Gateway.Transport;

/// <summary>
/// A connected TCP socket, which it owns from now on. It waits on our own pollers, not on the runtime's socket engine, so that a
/// relay can take the descriptor over at any time; whoever reads or writes <see cref="Kernel"/> directly does so instead of it, not beside it.
/// </summary>
public sealed class SocketDuplex : Duplex
{
    private readonly Socket _socket;
    private readonly SafeSocketHandle _handle;
    private readonly Lock _gate = new();
    private SocketReadiness? _readiness;
    private PollSlot? _slot;
    private Action? _onReset;
    private bool _ended;
    private bool _closed;
    private bool _isReset;
    private bool _isGone;
    private TaskCompletionSource? _closing;
    private volatile bool _isDetached;

    /// <summary>Takes over a connected socket.</summary>
    public SocketDuplex(Socket socket)
    {
        (_socket, _handle, Remote) = (socket, socket.SafeHandle, socket.RemoteEndPoint);
        socket.NoDelay = true;
    }

    /// <inheritdoc/>
    public override Socket? Kernel => _socket;

    /// <inheritdoc/>
    public override EndPoint? Remote { get; }

    /// <summary>Ends when the socket has been closed, by whoever owned it last.</summary>
    public Task Closed
    {
        get
        {
            lock (_gate)
            {
                _closing ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                if (_isGone) _closing.TrySetResult();
                return _closing.Task;
            }
        }
    }

    /// <summary>True while the connection stands and nothing of the peer's waits to be read.</summary>
    public bool IsQuiet => SocketCalls.Look(_handle) == -Errors.TryAgain;

    /// <summary>
    /// Lets the kernel ask a silent peer for a sign of life (RFC 1122 section 4.2.3.6): first after <paramref name="idle"/>, then as
    /// often again; two questions without an answer break the connection. In whole seconds.
    /// </summary>
    public void KeepAlive(TimeSpan idle)
    {
        try
        {
            _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, (int)idle.TotalSeconds);
            _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, (int)idle.TotalSeconds);
            _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 2);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is broken already: the next read says so.
        }
    }

    /// <summary>Dials an address.</summary>
    /// <exception cref="IOException">Refused, unreachable, or no answer in the kernel's own time.</exception>
    public static async ValueTask<SocketDuplex> ConnectAsync(IPEndPoint to, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        var connecting = await Connecting.RunAsync(to, stop);
        try
        {
            return new SocketDuplex(new Socket(connecting.Handle)) { _readiness = connecting.Readiness, _slot = connecting.Slot };
        }
        catch (SocketException e)
        {
            // It broke between the answer and now.
            connecting.Slot.Poller.Free(connecting.Slot);
            connecting.Handle.Dispose();
            throw new IOException($"{to}: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken stop)
    {
        if (stop.IsCancellationRequested) return ValueTask.FromCanceled<int>(stop);
        var read = TryRead(buffer.Span);
        if (read == -Errors.TryAgain) return WaitAndReadAsync(buffer, stop);
        return read >= 0 ? new ValueTask<int>(read) : ValueTask.FromException<int>(Errors.ToException(read));
    }

    /// <summary>Waits for bytes and looks at the first of them, which the next read gives again; 0 when the peer has ended its direction.</summary>
    /// <exception cref="IOException">The connection is broken.</exception>
    public async ValueTask<int> PeekAsync(Memory<byte> buffer, CancellationToken stop)
    {
        await ReadAsync(Memory<byte>.Empty, stop);
        var there = SocketCalls.Look(_handle, buffer.Span);
        return there >= 0 ? there : throw Errors.ToException(there);
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        if (stop.IsCancellationRequested) return ValueTask.FromCanceled(stop);
        var sent = bytes.IsEmpty ? 0 : SocketCalls.Send(_handle, bytes.Span);
        if (sent == bytes.Length) return ValueTask.CompletedTask;
        if (sent is >= 0 or -Errors.TryAgain) return WaitAndWriteAsync(bytes[Math.Max(0, sent)..], stop);
        return ValueTask.FromException(Errors.ToException(sent));
    }

    /// <inheritdoc/>
    public override ValueTask EndAsync(CancellationToken stop)
    {
        if (_ended) return ValueTask.CompletedTask;
        _ended = true;
        var ended = SocketCalls.EndSending(_handle);
        return ended == 0 ? ValueTask.CompletedTask : ValueTask.FromException(Errors.ToException(ended));
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        Action? onReset;
        lock (_gate)
        {
            if (_closed) return;
            (_closed, _isReset, onReset) = (true, true, _onReset);
        }
        Close(onReset);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        Action? onReset;
        lock (_gate)
        {
            if (_closed) return ValueTask.CompletedTask;
            (_closed, onReset) = (true, _onReset);
        }
        Close(onReset);
        return ValueTask.CompletedTask;
    }

    /// <summary>Gives the socket away, to somebody who waits on it in his own manner; this duplex is closed, the connection is not.</summary>
    /// <exception cref="IOException">It is closed, or a relay has it.</exception>
    public Socket Detach()
    {
        lock (_gate)
        {
            if (_closed || _onReset is not null) throw Errors.ToException(-Errors.Closed);
            (_closed, _isDetached) = (true, true);
            _slot?.Poller.Remove(_handle, _slot);
            _slot = null;
        }
        _readiness?.WakeAll();
        return _socket;
    }

    /// <summary>Where it is polled; null: nowhere yet.</summary>
    internal Poller? Poller => _slot?.Poller;

    /// <summary>Reset or disposed, or about to be.</summary>
    internal bool IsClosed
    {
        get
        {
            lock (_gate) return _closed;
        }
    }

    /// <summary>The descriptor.</summary>
    internal SafeSocketHandle Handle => _handle;

    /// <summary>
    /// Lends the socket to a relay, registered at this poller, or at its own when null. Until it is given back, a reset or
    /// disposal is told to the relay instead of being done. False: it is closed.
    /// </summary>
    internal bool TryLend(Poller? poller, Action onReset, out PollSlot slot)
    {
        slot = null!;
        lock (_gate)
        {
            if (_closed || _onReset is not null) return false;
            if (_slot is { } old && poller is not null && old.Poller != poller)
            {
                old.Poller.Remove(_handle, old);
                _slot = null;
            }
            slot = _slot ??= (poller ?? Poller.Next()).Add(_handle, _readiness ??= new SocketReadiness());
            _onReset = onReset;
            return true;
        }
    }

    /// <summary>The relay is through with it; if it is to be reset, or was meanwhile, it is closed now.</summary>
    internal void GiveBack(bool reset)
    {
        bool close;
        lock (_gate)
        {
            _onReset = null;
            _isReset |= reset;
            close = _closed || reset;
            _closed |= reset;
            if (_slot is { } slot) slot.Target = _readiness;
        }
        if (close) Close(null);
        else _readiness?.WakeAll();
    }

    // An empty read waits until there is something to read.
    private int TryRead(Span<byte> into) =>
        into.IsEmpty ? Math.Min(0, SocketCalls.Look(_handle)) : SocketCalls.Receive(_handle, into);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitAndReadAsync(Memory<byte> buffer, CancellationToken stop)
    {
        var readable = Register().Readable;
        using var told = stop.UnsafeRegister(static signal => ((Signal)signal!).Set(), readable);
        while (true)
        {
            await readable.WaitAsync();
            stop.ThrowIfCancellationRequested();
            var read = _isDetached ? -Errors.Closed : TryRead(buffer.Span);
            if (read != -Errors.TryAgain) return read >= 0 ? read : throw Errors.ToException(read);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitAndWriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        var writable = Register().Writable;
        using var told = stop.UnsafeRegister(static signal => ((Signal)signal!).Set(), writable);
        while (true)
        {
            await writable.WaitAsync();
            stop.ThrowIfCancellationRequested();
            var sent = _isDetached ? -Errors.Closed : SocketCalls.Send(_handle, bytes.Span);
            if (sent is < 0 and not -Errors.TryAgain) throw Errors.ToException(sent);
            bytes = bytes[Math.Max(0, sent)..];
            if (bytes.IsEmpty) return;
        }
    }

    // Edge-triggered: what is ready when the socket is registered is told as well, so a wait after this misses nothing.
    private SocketReadiness Register()
    {
        lock (_gate)
        {
            if (_closed) throw Errors.ToException(-Errors.Closed);
            var readiness = _readiness ??= new SocketReadiness();
            _slot ??= Poller.Next().Add(_handle, readiness);
            return readiness;
        }
    }

    private void Close(Action? onReset)
    {
        if (onReset is not null)
        {
            onReset();
            return;
        }
        if (_slot is { } slot) slot.Poller.Free(slot);
        // A timeout of zero makes the close an RST instead of a FIN.
        if (_isReset) _socket.Close(0);
        else _socket.Dispose();
        _readiness?.WakeAll();
        TaskCompletionSource? closing;
        lock (_gate) (_isGone, closing) = (true, _closing);
        closing?.TrySetResult();
    }
}
