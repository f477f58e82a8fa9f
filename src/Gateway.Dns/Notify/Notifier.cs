using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Gateway.Dns.Zones;
using Gateway.Model;
using Microsoft.Extensions.Logging;

namespace Gateway.Dns.Notify;

/// <summary>
/// Tells secondaries that zones have new serials (RFC 1996), within a fraction of a second, and again until they answer. It owns
/// its sockets; <see cref="RunAsync"/> ends when it is told to.
/// </summary>
internal sealed partial class Notifier : IDisposable
{
    /// <summary>Messages sent before others get a turn: a restart with many zones must not be a flood.</summary>
    private const int MostAtOnce = 256;

    private const int ShortestPause = 20;

    private readonly Lock _lock = new();
    private readonly NotifyQueue _queue;
    private readonly Dictionary<AddressFamily, Socket> _sockets = [];
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private long _sent;
    private long _answered;

    /// <summary>Opens a socket for each family of addresses.</summary>
    public Notifier(IReadOnlyList<NotifyTarget> targets, TimeProvider time, ILogger log)
    {
        (_queue, _time, _log) = (new NotifyQueue(targets), time, log);
        foreach (var family in targets.Select(target => target.Endpoint.AddressFamily).Distinct())
        {
            var socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp);
            _sockets[family] = socket;
            socket.Bind(new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
        }
    }

    /// <summary>Notifications sent, repetitions included.</summary>
    public long Sent => Volatile.Read(ref _sent);

    /// <summary>Notifications that were answered.</summary>
    public long Answered => Volatile.Read(ref _answered);

    /// <summary>Notifications that nobody ever answered.</summary>
    public long GivenUp
    {
        get
        {
            lock (_lock) return _queue.GivenUp;
        }
    }

    /// <summary>A zone has a new serial. From any thread; never waits.</summary>
    public void Changed(DomainName zone, ZoneHead head)
    {
        lock (_lock) _queue.Changed(zone, head, Now());
        _bell.Writer.TryWrite(true);
    }

    /// <summary>Sends and listens until told to stop.</summary>
    public Task RunAsync(CancellationToken stop) =>
        Task.WhenAll([SendAsync(stop), .. _sockets.Values.Select(socket => ListenAsync(socket, stop))]);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var socket in _sockets.Values) socket.Dispose();
    }

    private async Task SendAsync(CancellationToken stop)
    {
        var message = new byte[NotifyMessage.Longest];
        while (!stop.IsCancellationRequested)
        {
            for (var i = 0; i < MostAtOnce && TryWrite(message, out var length, out var target); i++) Send(message.AsSpan(0, length), target);
            await WaitAsync(stop);
        }
    }

    private bool TryWrite(byte[] message, out int length, out NotifyTarget target)
    {
        (length, target) = (0, null!);
        lock (_lock)
        {
            var given = _queue.GivenUp;
            var taken = _queue.TryTake(Now(), out var notice);
            if (_queue.GivenUp > given) Unanswered(_log, _queue.GivenUp - given);
            if (!taken) return false;
            length = notice!.Write(message, Seconds());
            target = notice.Target;
            return true;
        }
    }

    private void Send(ReadOnlySpan<byte> message, NotifyTarget target)
    {
        Interlocked.Increment(ref _sent);
        try
        {
            _sockets[target.Endpoint.AddressFamily].SendTo(message, target.Endpoint);
        }
        catch (SocketException e)
        {
            // The next attempt may find a way.
            SendFailed(_log, target.ToString(), e.SocketErrorCode);
        }
    }

    private async Task WaitAsync(CancellationToken stop)
    {
        long? due;
        lock (_lock) due = _queue.NextDue;
        var pause = due is { } at ? TimeSpan.FromMilliseconds(Math.Max(at - Now(), ShortestPause)) : Timeout.InfiniteTimeSpan;
        using var timer = new CancellationTokenSource(pause, _time);
        using var until = CancellationTokenSource.CreateLinkedTokenSource(stop, timer.Token);
        try
        {
            await _bell.Reader.ReadAsync(until.Token);
        }
        catch (OperationCanceledException)
        {
            // Something is due, or all is over.
        }
    }

    private async Task ListenAsync(Socket socket, CancellationToken stop)
    {
        var buffer = new byte[NotifyMessage.Longest];
        var any = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, any, stop);
                Take(buffer.AsSpan(0, received.ReceivedBytes), (IPEndPoint)received.RemoteEndPoint);
            }
            catch (SocketException)
            {
                // A refusal that came by ICMP, or a message longer than any answer: the next attempt is planned already.
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private void Take(ReadOnlySpan<byte> message, IPEndPoint from)
    {
        lock (_lock)
            if (_queue.Answered(message, from, Seconds())) Interlocked.Increment(ref _answered);
    }

    private long Now() => (long)_time.GetElapsedTime(0).TotalMilliseconds;

    private long Seconds() => _time.GetUtcNow().ToUnixTimeSeconds();

    [LoggerMessage(2201, LogLevel.Warning, "Secondary {Secondary} could not be notified: {Error}")]
    private static partial void SendFailed(ILogger log, string secondary, SocketError error);

    [LoggerMessage(2202, LogLevel.Warning, "{Count} notifications were never answered; the secondaries will come by themselves when their refresh time is over")]
    private static partial void Unanswered(ILogger log, long count);
}
