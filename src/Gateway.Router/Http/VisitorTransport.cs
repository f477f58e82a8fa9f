using System.Net;
using System.Net.Sockets;
using Gateway.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace Gateway.Router.Http;

/// <summary>
/// Hands Kestrel the visitors of listeners that are bound already. Kestrel's own accept loop would spin when descriptors run
/// out, and take visitors that it then has no room for; here a permit comes first, and a failure backs off and is told.
/// </summary>
internal sealed class VisitorTransport(IReadOnlyList<Socket> listeners, int limit, TimeProvider time, Action<Exception> onAcceptError, ILoggerFactory logs) : IConnectionListenerFactory
{
    // After "too many open files" a short wait lets visitors return theirs; longer than a second would look like an outage.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LastPause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<EndPoint, Listener> _listeners = listeners.ToDictionary(
        it => it.LocalEndPoint!, it => new Listener(it, new SemaphoreSlim(limit, limit), time, onAcceptError, logs));

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(_listeners[endpoint]);

    /// <summary>A visitor of this listener has gone.</summary>
    public void Leave(EndPoint listener) => _listeners[listener].Leave();

    private sealed class Listener(Socket listener, SemaphoreSlim permits, TimeProvider time, Action<Exception> onAcceptError, ILoggerFactory logs) : IConnectionListener
    {
        private readonly SocketConnectionContextFactory _connections = new(new SocketConnectionFactoryOptions(), logs.CreateLogger<VisitorTransport>());
        private readonly CancellationTokenSource _unbound = new();
        private TimeSpan _pause = FirstPause;

        /// <inheritdoc/>
        public EndPoint EndPoint { get; } = listener.LocalEndPoint!;

        public void Leave() => permits.Release();

        /// <inheritdoc/>
        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            try
            {
                await permits.WaitAsync(_unbound.Token);
                while (true)
                {
                    if (await TryAcceptAsync() is { } visitor) return _connections.Create(visitor);
                    await Task.Delay(_pause, time, _unbound.Token);
                }
            }
            catch (OperationCanceledException)
            {
                // Told to stop: Kestrel expects nobody more.
                return null;
            }
        }

        /// <inheritdoc/>
        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await _unbound.CancelAsync();
            listener.Dispose();
        }

        /// <inheritdoc/>
        public async ValueTask DisposeAsync()
        {
            await UnbindAsync(CancellationToken.None);
            _connections.Dispose();
        }

        private async ValueTask<Socket?> TryAcceptAsync()
        {
            try
            {
                var visitor = await listener.AcceptAsync(_unbound.Token);
                if (DescriptorReserve.IsTouchedBy(visitor.SafeHandle))
                {
                    visitor.Dispose();
                    throw new SocketException((int)SocketError.TooManyOpenSockets);
                }

                visitor.NoDelay = true;
                _pause = FirstPause;
                return visitor;
            }
            catch (SocketException e)
            {
                onAcceptError(e);
                _pause = _pause * 2 < LastPause ? _pause * 2 : LastPause;
                return null;
            }
        }
    }
}
