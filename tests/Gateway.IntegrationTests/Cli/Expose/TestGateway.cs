using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Gateway.IntegrationTests.Support;
using Gateway.Transport;
using Gateway.Transport.Handshakes;
using Gateway.Transport.Yamux;

namespace Gateway.IntegrationTests.Cli.Expose;

/// <summary>The server side of tunnels, no more than accept, handshake and sessions; visitors are opened by the test.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly ConcurrentDictionary<YamuxSession, SocketDuplex> _sessions = new();
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public TestGateway(bool answers = true)
    {
        Answers = answers;
        Start(0);
    }

    public int Port { get; private set; }

    /// <summary>The secrets that clients have proved, in order.</summary>
    public ConcurrentQueue<string> Secrets { get; } = new();

    public int Sessions => _sessions.Count;

    /// <summary>True: it knows no secret, and says so as gateways do, by closing the session after the handshake.</summary>
    public bool Refuses { get; init; }

    /// <summary>False: it takes connections and says nothing.</summary>
    private bool Answers { get; }

    /// <summary>The session of the client, once there is exactly one.</summary>
    public async Task<YamuxSession> SessionAsync()
    {
        YamuxSession[] open = [];
        await Eventually.TrueAsync(() => (open = [.. _sessions.Keys.Where(session => session.IsOpen)]).Length == 1, "one client is connected");
        return open[0];
    }

    /// <summary>A visitor, to be carried to the client's local service.</summary>
    public async Task<YamuxStream> VisitAsync() =>
        await (await SessionAsync()).OpenAsync(Deadline.Generous) ?? throw new InvalidOperationException("the session is over");

    /// <summary>Breaks every client's connection.</summary>
    public void Kill()
    {
        foreach (var carrier in _sessions.Values) carrier.Reset();
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    /// <summary>Listens again where it did before.</summary>
    public void StartAgain()
    {
        _stop = new CancellationTokenSource();
        Start(Port);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private void Start(int port)
    {
        if (!Listening.TryBind(new IPEndPoint(IPAddress.Loopback, port), 512, out var listener, out var fault)) throw new InvalidOperationException(fault);
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        _running = new AcceptLoop(listener, 64, ServeAsync, TimeProvider.System) { Drain = TimeSpan.Zero }.RunAsync(_stop.Token);
    }

    private async Task ServeAsync(Socket socket, CancellationToken stop)
    {
        var carrier = new SocketDuplex(socket);
        await using var session = new YamuxSession(carrier, YamuxRole.Server, YamuxOptions.Default, TimeProvider.System);
        if (!Answers)
        {
            await Task.Delay(Timeout.Infinite, stop);
            return;
        }
        var running = session.RunAsync(stop);
        if (await TunnelHandshake.ReceiveAsync(session, stop) is not { } offer) return;
        if (offer.Hello is not null)
        {
            // A gateway of the old protocol: what is not its magic, it closes, without a go-away.
            await carrier.EndAsync(stop);
            await running;
            return;
        }
        Secrets.Enqueue(offer.Secret.Reveal());
        if (Refuses) return;
        _sessions[session] = carrier;
        try
        {
            await running;
        }
        finally
        {
            _sessions.TryRemove(session, out _);
        }
    }
}
