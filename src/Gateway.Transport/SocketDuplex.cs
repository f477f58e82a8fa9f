using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Gateway.Transport.Native;
using Gateway.Transport.Polling;

namespace Gateway.Transport;

/// <summary>
/// A connected TCP socket, which it owns from now on. It waits on our own pollers, not on the runtime's socket engine, so that a
/// relay can take the descriptor over at any time.
/// </summary>
public sealed class SocketDuplex : Duplex
{
    // Reads on a poller's thread without a wait between them.
    private const int MostInARow = 16;

    // The runtime's object around the descriptor, where the socket came with one.
    private readonly Socket? _socket;
    private readonly SafeHandle _handle;
    private readonly Lock _gate = new();
    private SocketReadiness? _readiness;
    private PollSlot? _slot;
    private Action? _onReset;
    private bool _ended;
    private bool _closed;
    private bool _isReset;
    private bool _isGone;
    private bool _mayDialAgain;
    private Signal? _closing;
    private bool _isDrained;
    private int _inARow;
    private long _sent;
    private long _received;

    /// <summary>Takes over a connected socket.</summary>
    public SocketDuplex(Socket socket)
    {
        (_socket, _handle, Remote) = (socket, socket.SafeHandle, socket.RemoteEndPoint as IPEndPoint);
        socket.NoDelay = true;
    }

    internal SocketDuplex(Descriptor descriptor, IPEndPoint? remote) => (_handle, Remote) = (descriptor, remote);

    /// <inheritdoc/>
    public override IPEndPoint? Remote { get; }

    /// <summary>Our own end; null once it is closed.</summary>
    public IPEndPoint? Local => IsClosed ? null : SocketCalls.Local(_handle);

    /// <summary>Waits until the socket has been closed, by whoever owned it last; goes on on the poller that closed it. Called by one task, once.</summary>
    public async ValueTask ClosedAsync(CancellationToken stop)
    {
        Signal closing;
        lock (_gate)
        {
            closing = _closing ??= new Signal { StaysOnPoller = true };
            if (_isGone) closing.Set();
        }
        using (stop.UnsafeRegister(static signal => ((Signal)signal!).Set(), closing)) await closing.WaitAsync();
        stop.ThrowIfCancellationRequested();
    }

    /// <summary>True while the connection stands and nothing of the peer's waits to be read.</summary>
    public bool IsQuiet => SocketCalls.Look(_handle) == -Errors.TryAgain;

    /// <summary>Bytes that reads have brought. What a relay carries by itself is not among them.</summary>
    public long Received => Volatile.Read(ref _received);

    /// <summary>Bytes of our writes that the kernel has taken. What a relay carries by itself is not among them.</summary>
    public long Sent => Volatile.Read(ref _sent);

    /// <summary>Bytes of our writes that the peer has acknowledged. What a relay carries by itself is not among them.</summary>
    public long Delivered => Volatile.Read(ref _sent) - SocketCalls.Unacknowledged(_handle);

    /// <summary>
    /// Lets the kernel ask a silent peer for a sign of life (RFC 1122 section 4.2.3.6): first after <paramref name="idle"/>, then as
    /// often again; two questions without an answer break the connection. In whole seconds.
    /// </summary>
    public void KeepAlive(TimeSpan idle)
    {
        if (!IsClosed) SocketCalls.KeepAlive(_handle, (int)idle.TotalSeconds);
    }

    /// <summary>Dials an address.</summary>
    /// <exception cref="IOException">Refused, unreachable, or no answer in the kernel's own time.</exception>
    public static ValueTask<SocketDuplex> ConnectAsync(IPEndPoint to, CancellationToken stop) => ConnectAsync(to, ConnectOptions.Default, stop);

    /// <summary>The same, in a way of its own.</summary>
    /// <exception cref="IOException">Refused, unreachable, or no answer in the kernel's own time.</exception>
    public static async ValueTask<SocketDuplex> ConnectAsync(IPEndPoint to, ConnectOptions options, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        var connecting = Connecting.Begin(to, options);
        await connecting.AnsweredAsync(to, stop);
        return Of(connecting, to, options);
    }

    /// <summary>The same, and waits no longer than this for the answer.</summary>
    /// <exception cref="IOException">Refused or unreachable.</exception>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    public static async ValueTask<SocketDuplex> ConnectAsync(IPEndPoint to, ConnectOptions options, TimeSpan patience, TimeProvider time, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        var connecting = Connecting.Begin(to, options);
        // Most answers take their time; those of this machine need neither a timer nor a wait.
        if (connecting.Readiness is not null) await AnsweredAsync(connecting, to, patience, time, stop);
        return Of(connecting, to, options);
    }

    private static async ValueTask AnsweredAsync(Connecting connecting, IPEndPoint to, TimeSpan patience, TimeProvider time, CancellationToken stop)
    {
        using var bound = new CancellationTokenSource(patience, time);
        using var told = stop.UnsafeRegister(static bound => ((CancellationTokenSource)bound!).Cancel(), bound);
        try
        {
            await connecting.AnsweredAsync(to, bound.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new TimeoutException($"{to} did not answer in time.");
        }
    }

    private static SocketDuplex Of(Connecting connecting, IPEndPoint to, ConnectOptions options) =>
        new(connecting.Handle, to) { _readiness = connecting.Readiness, _slot = connecting.Slot, _isDrained = true, StaysOnPoller = options.StaysOnPoller };

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken stop)
    {
        if (stop.IsCancellationRequested) return ValueTask.FromCanceled<int>(stop);
        if (Poller.Current is { } poller && ++_inARow > MostInARow) return LetOthersAndReadAsync(poller, buffer, stop);
        var read = MayRead ? ReadNow(buffer.Span) : -Errors.TryAgain;
        if (read == -Errors.TryAgain) return WaitAndReadAsync(buffer, stop);
        return read >= 0 ? new ValueTask<int>(read) : ValueTask.FromException<int>(Errors.ToException(read));
    }

    /// <summary>Reads what is there, if anything is: false when nothing is, or when the peer has ended or broken, of which a read tells.</summary>
    public bool TryRead(Span<byte> into, out int read)
    {
        read = MayRead && !into.IsEmpty ? ReadNow(into) : 0;
        return read > 0;
    }

    /// <inheritdoc/>
    public override int Peek(Span<byte> buffer) => Math.Max(0, SocketCalls.Look(_handle, buffer));

    /// <inheritdoc/>
    public override void EndSending()
    {
        _ended = true;
        _ = SocketCalls.EndSending(_handle);
        _readiness?.Writable.Set();
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
        _sent += Math.Max(0, sent);
        if (sent == bytes.Length) return ValueTask.CompletedTask;
        if (sent is >= 0 or -Errors.TryAgain) return WaitAndWriteAsync(bytes[Math.Max(0, sent)..], stop);
        return ValueTask.FromException(Errors.ToException(sent));
    }

    /// <summary>Hands over what fits at once, in one piece: how many bytes. A broken connection takes none; the next write says why.</summary>
    internal int TrySend(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default)
    {
        var sent = Math.Max(0, SocketCalls.Send(_handle, first, second));
        _sent += sent;
        return sent;
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
        Close();
        return ValueTask.CompletedTask;
    }

    /// <summary>Closes it; never waits.</summary>
    internal void Close()
    {
        Action? onReset;
        lock (_gate)
        {
            if (_closed) return;
            (_closed, onReset) = (true, _onReset);
        }
        Close(onReset);
    }

    /// <inheritdoc/>
    public override bool StaysOnPoller
    {
        get;
        set
        {
            lock (_gate)
            {
                field = value;
                if (_readiness is { } readiness) readiness.StayOnPoller = value;
            }
        }
    }

    /// <summary>
    /// Tells on a poller's thread when the peer has ended its direction (false), and when the connection broke (true), even while nobody
    /// reads: each at most once. It may be told after the socket was closed; it must not wait. Called once, before anybody else waits
    /// for the socket.
    /// </summary>
    /// <exception cref="IOException">It is closed, or cannot be polled.</exception>
    public void OnEnding(Action<bool> told)
    {
        lock (_gate)
        {
            if (_closed) throw Errors.ToException(-Errors.Closed);
            _readiness = new SocketReadiness { StayOnPoller = StaysOnPoller, OnEnding = told };
            _slot = Poller.Choose().Add(_handle, _readiness);
        }
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
    internal SafeHandle Handle => _handle;

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
            slot = _slot ??= (poller ?? Poller.Choose()).Add(_handle, _readiness);
            _onReset = onReset;
            return true;
        }
    }

    /// <summary>
    /// There may be something to read that no event will tell of: the last read left something, or an event came since. Asked on
    /// the poller's thread, by a relay that is about to listen to the events itself.
    /// </summary>
    internal bool MayHaveMore => !_isDrained || _readiness is { Readable.IsSet: true } or { IsEnding: true };

    /// <summary>
    /// The relay is through with it; if it is to be reset, or was meanwhile, it is closed now. What is broken already needs no reset to
    /// tell its peer. A socket that dialled may do so again if the relay left its options as they were.
    /// </summary>
    internal void GiveBack(bool reset, bool isBroken = false, bool mayDialAgain = false)
    {
        bool close;
        lock (_gate)
        {
            _onReset = null;
            _mayDialAgain = mayDialAgain;
            _isReset |= reset && !isBroken;
            close = _closed || reset;
            _closed |= reset;
            if (_slot is { } slot) slot.Target = _readiness;
        }
        if (close) Close(null);
        else _readiness?.WakeAll();
    }

    // An event will tell when there is something, and has not yet: no need to ask the kernel.
    private bool MayRead => !_isDrained || _slot is null || _readiness is null or { IsEnding: true } or { Readable.IsSet: true };

    // An empty read waits until there is something to read.
    private int ReadNow(Span<byte> into)
    {
        if (into.IsEmpty) return Math.Min(0, SocketCalls.Look(_handle));
        var read = SocketCalls.Receive(_handle, into);
        _received += Math.Max(0, read);
        // Less than asked for: whatever comes next is told by an event.
        _isDrained = read == -Errors.TryAgain || (read > 0 && read < into.Length);
        return read;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitAndReadAsync(Memory<byte> buffer, CancellationToken stop)
    {
        _inARow = 0;
        var readable = Register().Readable;
        using var told = stop.UnsafeRegister(static signal => ((Signal)signal!).Set(), readable);
        while (true)
        {
            await readable.WaitAsync();
            stop.ThrowIfCancellationRequested();
            _isDrained = false;
            if (buffer.IsEmpty) return 0;
            var read = ReadNow(buffer.Span);
            if (read != -Errors.TryAgain) return read >= 0 ? read : throw Errors.ToException(read);
        }
    }

    // A peer that always has more must not keep the others of the thread waiting.
    private async ValueTask<int> LetOthersAndReadAsync(Poller poller, Memory<byte> buffer, CancellationToken stop)
    {
        _inARow = 0;
        await new NextRound(poller);
        return await ReadAsync(buffer, stop);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitAndWriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        var writable = RegisterToWrite().Writable;
        using var told = stop.UnsafeRegister(static signal => ((Signal)signal!).Set(), writable);
        while (true)
        {
            await writable.WaitAsync();
            stop.ThrowIfCancellationRequested();
            var sent = SocketCalls.Send(_handle, bytes.Span);
            if (sent is < 0 and not -Errors.TryAgain) throw Errors.ToException(sent);
            _sent += Math.Max(0, sent);
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
            if (_readiness is null) Hear(_readiness = new SocketReadiness { StayOnPoller = StaysOnPoller });
            _slot ??= Poller.Choose().Add(_handle, _readiness);
            return _readiness;
        }
    }

    private SocketReadiness RegisterToWrite()
    {
        var readiness = Register();
        lock (_gate)
        {
            if (_closed) throw Errors.ToException(-Errors.Closed);
            _slot!.HearOfRoom(_handle);
        }
        return readiness;
    }

    // Registered by a relay before: what its events told is not known here.
    private void Hear(SocketReadiness readiness)
    {
        if (_slot is null) return;
        _slot.Target = readiness;
        readiness.WakeAll();
    }

    private void Close(Action? onReset)
    {
        if (onReset is not null)
        {
            onReset();
            return;
        }
        if (_slot is { } slot) Leave(slot);
        if (_socket is not null) CloseSocket(_socket);
        else CloseDescriptor();
        _readiness?.WakeAll();
        Signal? closing;
        lock (_gate) (_isGone, closing) = (true, _closing);
        closing?.Set();
    }

    // The kernel forgets by itself where a socket is polled that it closes, and only that.
    private void Leave(PollSlot slot)
    {
        _mayDialAgain = _mayDialAgain && _handle is DialledSocket && Poller.Current is not null && (_isReset || SocketCalls.IsOver(_handle));
        if (_mayDialAgain) slot.Poller.Remove(_handle, slot);
        else slot.Poller.Free(slot);
    }

    private void CloseDescriptor()
    {
        if (_mayDialAgain) ((DialledSocket)_handle).MayDialAgain = true;
        else if (_isReset) SocketCalls.ResetOnClose(_handle);
        _handle.Dispose();
    }

    private void CloseSocket(Socket socket)
    {
        // A timeout of zero makes the close an RST instead of a FIN.
        if (_isReset) socket.Close(0);
        else socket.Dispose();
    }
}
