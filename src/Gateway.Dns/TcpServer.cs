using System.Net;
using System.Net.Sockets;
using Gateway.Transport;
using Microsoft.Extensions.Logging;

namespace Gateway.Dns;

/// <summary>Queries by TCP at one address (RFC 7766): the same <see cref="Responder"/>, limits on connections, and a deadline on every wait.</summary>
internal sealed partial class TcpServer : IDisposable
{
    private const int Backlog = 1024;

    private readonly Answering _answering;
    private readonly TcpLimits _limits;
    private readonly ILogger _log;
    private readonly ClientCounts _clients = new();
    private AcceptLoop? _loop;

    public TcpServer(Answering answering, TcpLimits limits, ILogger log) => (_answering, _limits, _log) = (answering, limits, log);

    /// <summary>Where it listens, once bound.</summary>
    public IPEndPoint? Bound { get; private set; }

    /// <summary>Binds. On false, <paramref name="fault"/> says why.</summary>
    public bool TryBind(IPEndPoint endpoint, out string fault)
    {
        if (!Listening.TryBind(endpoint, Backlog, out var listener, out fault)) return false;
        Take(listener);
        return true;
    }

    /// <summary>Takes a listener that is open already, and owns it from now on.</summary>
    public void Take(Socket listener)
    {
        Bound = (IPEndPoint)listener.LocalEndPoint!;
        _loop = new AcceptLoop(listener, _limits.Connections, VisitAsync, _answering.Time, e => AcceptFailed(_log, e.SocketErrorCode))
        {
            Drain = TimeSpan.FromMilliseconds(500),
            Patience = TimeSpan.FromMilliseconds(500),
            OnVisitFault = e => VisitDefect(_log, e),
        };
    }

    /// <summary>Answers until told to stop.</summary>
    public Task RunAsync(CancellationToken stop) => _loop!.RunAsync(stop);

    /// <inheritdoc/>
    public void Dispose() => _loop?.Dispose();

    private async Task VisitAsync(Socket socket, CancellationToken cut)
    {
        if (socket.RemoteEndPoint is not IPEndPoint { Address: var address }) return;
        if (!_clients.TryEnter(address, _limits.ConnectionsPerAddress)) return;
        try
        {
            socket.NoDelay = true;
            using var visit = new TcpVisit(socket, address, _answering, _limits);
            await visit.RunAsync(cut);
        }
        catch (SocketException)
        {
            // The client is gone; so is its connection.
        }
        catch (OperationCanceledException) when (!cut.IsCancellationRequested)
        {
            // A deadline of the visit passed.
        }
        finally
        {
            _clients.Leave(address);
        }
    }

    [LoggerMessage(2002, LogLevel.Warning, "A TCP connection could not be accepted: {Error}")]
    private static partial void AcceptFailed(ILogger log, SocketError error);

    [LoggerMessage(2003, LogLevel.Error, "A defect: a TCP connection ended by an exception")]
    private static partial void VisitDefect(ILogger log, Exception e);
}

/// <summary>Bounds of the TCP side.</summary>
/// <param name="Connections">At once, in all.</param>
/// <param name="ConnectionsPerAddress">At once, of one client.</param>
/// <param name="Idle">How long a client may say nothing between two queries.</param>
/// <param name="Stall">How long a query may take from its first octet to its last, and a client may take to read answers.</param>
internal sealed record TcpLimits(int Connections, int ConnectionsPerAddress, TimeSpan Idle, TimeSpan Stall);

/// <summary>How many connections each client address has.</summary>
internal sealed class ClientCounts
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _counts = [];

    /// <summary>Counts one more, unless there are already <paramref name="most"/>.</summary>
    public bool TryEnter(IPAddress address, int most)
    {
        lock (_lock)
        {
            var count = _counts.GetValueOrDefault(address);
            if (count >= most) return false;
            _counts[address] = count + 1;
            return true;
        }
    }

    /// <summary>Counts one less.</summary>
    public void Leave(IPAddress address)
    {
        lock (_lock)
        {
            if (--_counts[address] == 0) _counts.Remove(address);
        }
    }
}
