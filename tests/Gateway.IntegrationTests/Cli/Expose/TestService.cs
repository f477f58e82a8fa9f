using System.Net;
using Gateway.Transport;

namespace Gateway.IntegrationTests.Cli.Expose;

/// <summary>A local service behind the tunnel.</summary>
internal sealed class TestService : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public TestService(Func<SocketDuplex, CancellationToken, Task> visit, int port = 0)
    {
        if (!Listening.TryBind(new IPEndPoint(IPAddress.Loopback, port), 1024, out var listener, out var fault)) throw new InvalidOperationException(fault);
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        _running = new AcceptLoop(listener, 2048, (socket, stop) => GuardAsync(new SocketDuplex(socket), visit, stop), TimeProvider.System) { Drain = TimeSpan.Zero }.RunAsync(_stop.Token);
    }

    public int Port { get; }

    /// <summary>Sends everything back.</summary>
    public static TestService Echo(int port = 0, byte? mark = null) => new(async (visitor, stop) =>
    {
        if (mark is { } first) await visitor.WriteAsync(new[] { first }, stop);
        var buffer = new byte[64 * 1024];
        while (await visitor.ReadAsync(buffer, stop) is > 0 and var read) await visitor.WriteAsync(buffer.AsMemory(0, read), stop);
        await visitor.EndAsync(stop);
    }, port);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private static async Task GuardAsync(SocketDuplex visitor, Func<SocketDuplex, CancellationToken, Task> visit, CancellationToken stop)
    {
        await using var owned = visitor;
        try
        {
            await visit(visitor, stop);
        }
        catch (IOException)
        {
            // The visitor left.
        }
    }
}
