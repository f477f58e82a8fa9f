using System.Buffers.Binary;
using System.Net;
using Gateway.Transport;
using Gateway.Transport.Handshakes;

namespace Gateway.Router.Tunnelling;

/// <summary>
/// Connections that one client keeps ready, each for one visitor. How many are ready follows how fast they are used: when visitors find
/// none the number doubles, as often as that has had time to help, and a quiet time halves it. Tokens go out by the batch, for each
/// notice costs both ends more than a token does. What is in it is owned by it until it is taken.
/// </summary>
internal sealed class DirectPool(DirectTokens tokens, EndPoint? client, Func<TimeSpan> roundTrip, Func<TunnelNotice, bool> tell, TimeProvider time) : IDisposable
{
    /// <summary>More than this ready would cost more than a stream of the session now and then.</summary>
    private const int MostReady = 256;

    /// <summary>A token that was not redeemed after this time will not be: the client cannot dial, or does not want to.</summary>
    private static readonly TimeSpan TokenLife = TimeSpan.FromSeconds(10);

    /// <summary>How long a client that let so many tokens expire is not asked again.</summary>
    private static readonly TimeSpan Sulk = TimeSpan.FromMinutes(1);

    private const int MostExpired = 8;

    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan WaitMargin = TimeSpan.FromMilliseconds(20);

    private readonly IPAddress _holder = AddressBudget.HolderOf(client);
    private readonly Lock _gate = new();
    private readonly Stack<SocketDuplex> _ready = new();
    private readonly Queue<TaskCompletionSource<SocketDuplex?>> _waiting = new();
    private readonly Dictionary<UInt128, long> _issued = [];
    private int _wanted = 1;
    private int _held;
    private int _expired;
    private long _grewAt = long.MinValue;
    private long _lastMiss = time.GetTimestamp();
    private long _sulksSince = long.MinValue;
    private bool _isClosed;

    /// <summary>How many connections are ready.</summary>
    public int Ready
    {
        get
        {
            lock (_gate) return _ready.Count;
        }
    }

    /// <summary>How many visitors have a connection now.</summary>
    public int Visitors
    {
        get
        {
            lock (_gate) return _held - _ready.Count;
        }
    }

    /// <summary>True when this is the client's address, or one of the same IPv6 /64, which one host has whole.</summary>
    public bool IsFrom(EndPoint? who) => _holder.Equals(AddressBudget.HolderOf(who));

    /// <summary>Asks for the first connections.</summary>
    public void Start()
    {
        lock (_gate) Refill();
    }

    /// <summary>A connection for one visitor, who owns it; null when none comes in time.</summary>
    public async ValueTask<SocketDuplex?> TakeAsync(CancellationToken stop)
    {
        TaskCompletionSource<SocketDuplex?> waiter;
        lock (_gate)
        {
            if (TakeReady() is { } ready) return ready;
            if (_isClosed || Sulks) return null;
            Grow();
            _waiting.Enqueue(waiter = new TaskCompletionSource<SocketDuplex?>(TaskCreationOptions.RunContinuationsAsynchronously));
            Refill();
        }

        return await WaitAsync(waiter, stop);
    }

    /// <summary>A client redeemed a token. False: the pool is closed, and the connection is still the caller's.</summary>
    public bool Arrived(UInt128 token, SocketDuplex connection)
    {
        lock (_gate)
        {
            _issued.Remove(token);
            _expired = 0;
            if (_isClosed) return false;
            _held++;
            while (_waiting.TryDequeue(out var waiter))
                if (waiter.TrySetResult(connection)) return true;
            _ready.Push(connection);
            return true;
        }
    }

    /// <summary>Counts a connection that has arrived until it is closed, whoever has it.</summary>
    public async ValueTask KeepAsync(SocketDuplex connection, CancellationToken stop)
    {
        try
        {
            await connection.ClosedAsync(stop);
        }
        finally
        {
            lock (_gate) _held--;
        }
    }

    /// <summary>Closes what is ready; what was taken goes on.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = true;
            foreach (var token in _issued.Keys) tokens.Withdraw(token);
            foreach (var waiter in _waiting) waiter.TrySetResult(null);
            while (_ready.TryPop(out var connection)) connection.Reset();
            _issued.Clear();
            _waiting.Clear();
        }
    }

    // What a client closed, or wrote to although it is not its turn, is of no use.
    private SocketDuplex? TakeReady()
    {
        SocketDuplex? taken = null;
        while (taken is null && _ready.TryPop(out var connection))
        {
            if (connection.IsQuiet) taken = connection;
            else connection.Reset();
        }

        if (taken is not null && _ready.Count + _issued.Count <= _wanted / 2) Refill();
        return taken;
    }

    // What was asked for last may still be on its way, unless more wait already than it will be.
    private void Grow()
    {
        _lastMiss = time.GetTimestamp();
        if (_grewAt != long.MinValue && time.GetElapsedTime(_grewAt) < Patience && _waiting.Count < _wanted) return;
        _wanted = Math.Min(MostReady, 2 * _wanted);
        _grewAt = _lastMiss;
    }

    private bool Sulks => _sulksSince != long.MinValue && time.GetElapsedTime(_sulksSince) < Sulk;

    // What a token and a connection take.
    private TimeSpan Patience => (2 * roundTrip()) + WaitMargin is var usual && usual < LongestWait ? usual : LongestWait;

    private async ValueTask<SocketDuplex?> WaitAsync(TaskCompletionSource<SocketDuplex?> waiter, CancellationToken stop)
    {
        try
        {
            return await waiter.Task.WaitAsync(Patience, time, stop);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // It may have come at the last moment.
            if (waiter.TrySetResult(null)) return stop.IsCancellationRequested ? throw new OperationCanceledException(stop) : null;
            var late = await waiter.Task;
            if (!stop.IsCancellationRequested) return late;
            late?.Reset();
            throw new OperationCanceledException(stop);
        }
    }

    private void Refill()
    {
        DropExpired();
        if (Sulks || _isClosed) return;
        if (_wanted > 1 && time.GetElapsedTime(_lastMiss) > Quiet) (_wanted, _lastMiss) = (_wanted / 2, time.GetTimestamp());
        var missing = Math.Min(_wanted + _waiting.Count, MostReady) - _ready.Count - _issued.Count;
        if (missing <= 0) return;
        Span<UInt128> issued = stackalloc UInt128[MostReady];
        issued = issued[..missing];
        issued = issued[..tokens.Issue(this, issued)];
        if (issued.IsEmpty) return;
        foreach (var token in issued) _issued[token] = time.GetTimestamp();
        if (!tell(new TunnelNotice(NoticeKind.Tokens, Encode(issued)))) Withdraw(_issued.Keys);
    }

    private static byte[] Encode(ReadOnlySpan<UInt128> issued)
    {
        var content = new byte[issued.Length * DirectPreamble.TokenLength];
        for (var i = 0; i < issued.Length; i++) BinaryPrimitives.WriteUInt128BigEndian(content.AsSpan(i * DirectPreamble.TokenLength), issued[i]);
        return content;
    }

    private void DropExpired()
    {
        var expired = _issued.Where(issued => time.GetElapsedTime(issued.Value) > TokenLife).Select(issued => issued.Key).ToArray();
        Withdraw(expired);
        _expired += expired.Length;
        if (_expired < MostExpired) return;
        (_expired, _sulksSince, _wanted) = (0, time.GetTimestamp(), 1);
    }

    private void Withdraw(IEnumerable<UInt128> withdrawn)
    {
        foreach (var token in withdrawn.ToArray())
        {
            tokens.Withdraw(token);
            _issued.Remove(token);
        }
    }
}
