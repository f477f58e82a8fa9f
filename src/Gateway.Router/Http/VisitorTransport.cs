using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Gateway.Transport;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Router.Http;

/// <summary>
/// Hands Kestrel the visitors of listeners that are bound already. They are accepted on the pollers: a permit comes first, a
/// failure backs off and is told, and a request is read, forwarded and answered on one thread.
/// </summary>
internal sealed class VisitorTransport(IReadOnlyList<Socket> listeners, VisitorIds ids, int limit, TimeSpan patience, TimeSpan afterEnd, TimeProvider time, Action<Exception> onAcceptError, Action<Exception> onFault)
    : IConnectionListenerFactory
{
    private readonly Dictionary<EndPoint, Socket> _bound = listeners.ToDictionary(listener => listener.LocalEndPoint!);
    private readonly List<Listener> _listeners = [];

    /// <summary>Connections that are there now.</summary>
    public int Connections => _listeners.Sum(listener => listener.Connections);

    /// <summary>Accepts nobody any more; those who are here stay.</summary>
    public Task CloseDoorsAsync() => Task.WhenAll(_listeners.Select(listener => listener.CloseDoorAsync()));

    /// <inheritdoc/>
    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        // Kestrel makes the ids of requests from that of their connection.
        var listener = new Listener(_bound[endpoint], visitor => new PolledConnection(visitor, ids.Next(), patience, afterEnd, time), visit => new PolledAcceptLoop(_bound[endpoint], limit, visit, time)
        {
            // Kestrel lets requests end, and cuts them; the connections follow.
            Drain = Timeout.InfiniteTimeSpan,
            VisitorsSpeakFirst = true,
            OnAcceptError = onAcceptError,
            OnVisitFault = onFault,
        });
        await listener.BeginAsync();
        _listeners.Add(listener);
        return listener;
    }

    private sealed class Listener : IConnectionListener
    {
        private readonly Func<SocketDuplex, PolledConnection> _connection;
        private readonly CancellationTokenSource _unbound = new();
        private readonly PolledAcceptLoop _loop;

        // Never longer than the permits of the loop.
        private readonly Channel<PolledConnection> _visitors = Channel.CreateUnbounded<PolledConnection>(new UnboundedChannelOptions { SingleReader = true });
        private Task _running = Task.CompletedTask;

        public Listener(Socket listener, Func<SocketDuplex, PolledConnection> connection, Func<Func<SocketDuplex, CancellationToken, Task>, PolledAcceptLoop> accepting) =>
            (EndPoint, _connection, _loop) = (listener.LocalEndPoint!, connection, accepting(VisitAsync));

        /// <inheritdoc/>
        public EndPoint EndPoint { get; }

        public int Connections => _loop.Running;

        /// <summary>Accepts from now on.</summary>
        public Task BeginAsync()
        {
            _running = _loop.RunAsync(_unbound.Token);
            return _running.IsCompleted ? _running : Task.CompletedTask;
        }

        /// <inheritdoc/>
        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (await _visitors.Reader.WaitToReadAsync(cancellationToken))
                if (_visitors.Reader.TryRead(out var visitor)) return visitor;
            return null;
        }

        /// <inheritdoc/>
        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default) => await CloseDoorAsync();

        public async Task CloseDoorAsync()
        {
            await _unbound.CancelAsync();
            // Whoever was accepted meanwhile is handed over.
            await _loop.DoorClosed;
            _visitors.Writer.TryComplete();
        }

        /// <inheritdoc/>
        public async ValueTask DisposeAsync()
        {
            await UnbindAsync(CancellationToken.None);
            _loop.Dispose();
            await _running;
            _unbound.Dispose();
        }

        private async Task VisitAsync(SocketDuplex visitor, CancellationToken stop)
        {
            await using var connection = _connection(visitor);
            if (!connection.TryWatch() || !_visitors.Writer.TryWrite(connection)) return;
            await connection.Done.WaitAsync(stop);
        }
    }
}
