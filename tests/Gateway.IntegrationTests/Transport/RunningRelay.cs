using System.Net;
using System.Net.Sockets;
using Gateway.Transport;
using Xunit;

namespace Gateway.IntegrationTests.Transport;

/// <summary>A relay between a visitor and an upstream, both plain sockets in the test's hand.</summary>
internal sealed class RunningRelay : IAsyncDisposable
{
    public required Socket Visitor { get; init; }

    public required Socket Upstream { get; init; }

    public required Duplex Front { get; init; }

    public required Duplex Back { get; init; }

    public required Task<RelayResult> Running { get; init; }

    public CancellationTokenSource Stop { get; private init; } = new();

    public Task<RelayResult> Ended => Running.WaitAsync(TimeSpan.FromSeconds(60));

    public static async Task<RunningRelay> StartAsync(bool kernel, RelayOptions? options = null, byte[]? peeked = null, int? buffer = null)
    {
        var (visitor, front) = await Loopback.PairAsync(buffer);
        var (upstream, back) = await Loopback.PairAsync(buffer);
        var (left, right) = kernel ? ((Duplex)front, (Duplex)back) : (new Veiled(front), new Veiled(back));
        var stop = new CancellationTokenSource();
        return new RunningRelay
        {
            Visitor = visitor,
            Upstream = upstream,
            Front = left,
            Back = right,
            Stop = stop,
            Running = Relay.RunAsync(left, peeked ?? [], right, options ?? RelayOptions.Default, stop.Token),
        };
    }

    public async Task ExchangeAsync()
    {
        var buffer = new byte[10];
        await Visitor.SendAsync(new byte[] { 1 });
        Assert.Equal(1, await Upstream.ReceiveAsync(buffer));
        await Upstream.SendAsync(new byte[] { 2 });
        Assert.Equal(1, await Visitor.ReceiveAsync(buffer));
    }

    public async ValueTask DisposeAsync()
    {
        await Stop.CancelAsync();
        await Running;
        await Front.DisposeAsync();
        await Back.DisposeAsync();
        Visitor.Dispose();
        Upstream.Dispose();
        Stop.Dispose();
    }

    /// <summary>A socket that does not show that it is one.</summary>
    private sealed class Veiled(SocketDuplex socket) : Duplex
    {
        public override EndPoint? Remote => socket.Remote;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken stop) => socket.ReadAsync(buffer, stop);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop) => socket.WriteAsync(bytes, stop);

        public override ValueTask EndAsync(CancellationToken stop) => socket.EndAsync(stop);

        public override void Reset() => socket.Reset();

        public override ValueTask DisposeAsync() => socket.DisposeAsync();
    }
}
