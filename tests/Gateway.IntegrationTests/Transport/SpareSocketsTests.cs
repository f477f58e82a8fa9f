using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Gateway.IntegrationTests.Support;
using Gateway.Transport;
using Xunit;

namespace Gateway.IntegrationTests.Transport;

/// <summary>A socket whose connection is over dials the same upstream again. Alone, because one of them counts what the process holds.</summary>
[Collection(nameof(Router.AloneCollection))]
public sealed class SpareSocketsTests : IDisposable
{
    private const int Visits = 20;

    // More than the upstream's kernel takes, so that some of it never leaves ours; and less than what is spliced.
    private const int Stuck = 40_000;
    private const int Bulky = 4_000_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Socket _front = Loopback.Listen();
    private readonly Socket[] _upstreams = [Narrow(), Narrow()];
    private readonly EndPoint[] _addresses;
    private readonly ConcurrentQueue<(int Upstream, string Socket)> _dialled = new();
    private readonly ConcurrentQueue<Exception> _faults = new();

    public SpareSocketsTests() => _addresses = [.. _upstreams.Select(upstream => upstream.LocalEndPoint!)];

    [Fact]
    public async Task After_an_orderly_end_it_dials_again_and_carries_only_what_is_the_new_visitors()
    {
        await RunAsync(async () =>
        {
            for (var i = 0; i < Visits; i++) await VisitAsync(0, 500 + i);
        });
        AssertSomeDialledAgain();
    }

    [Fact]
    public async Task After_a_reset_it_dials_again_and_carries_only_what_is_the_new_visitors()
    {
        await RunAsync(async () =>
        {
            for (var i = 0; i < Visits; i++)
            {
                await VanishAsync(0);
                await VisitAsync(0, 500 + i);
            }
        });
        AssertSomeDialledAgain();
    }

    [Fact]
    public async Task It_never_dials_another_upstream()
    {
        await RunAsync(async () =>
        {
            for (var i = 0; i < Visits; i++) await VisitAsync(i % 2, 100);
        });
        AssertSomeDialledAgain();
        var sockets = _dialled.ToLookup(dial => dial.Upstream, dial => dial.Socket);
        Assert.Empty(sockets[0].Intersect(sockets[1]));
    }

    [Fact]
    public async Task One_that_was_set_up_for_bulk_is_closed()
    {
        await RunAsync(async () =>
        {
            for (var i = 0; i < 5; i++) await VisitAsync(0, Bulky);
        });
        Assert.Equal(5, _dialled.Distinct().Count());
    }

    [Fact]
    public async Task An_upstream_that_has_gone_meanwhile_refuses_it()
    {
        await RunAsync(async () =>
        {
            for (var i = 0; i < Visits; i++) await VisitAsync(0, 100);
            _upstreams[0].Dispose();
            for (var i = 1; i <= Visits; i++)
            {
                using var visitor = await ConnectAsync();
                await visitor.SendAsync(new byte[] { 0 });
                await Eventually.TrueAsync(() => _faults.Count == i, "the visit has failed");
            }
            await VisitAsync(1, 100);
        });
        Assert.All(_faults, fault => Assert.Contains("refused", Assert.IsType<IOException>(fault).Message, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("adv", "T6")]
    public async Task Nobody_keeps_it_for_long()
    {
        await RunAsync(async () =>
        {
            var before = Loopback.Descriptors();
            for (var i = 0; i < Visits; i++) await VisitAsync(0, 100);
            await Eventually.TrueAsync(() => Loopback.Descriptors() <= before, $"no more than {before} descriptors are open");
        });
    }

    public void Dispose()
    {
        foreach (var upstream in _upstreams) upstream.Dispose();
        _front.Dispose();
    }

    private static Socket Narrow()
    {
        var listener = Loopback.Listen();
        listener.ReceiveBufferSize = 4096;
        return listener;
    }

    // Not every visit finds one: each poller has its own.
    private void AssertSomeDialledAgain()
    {
        Assert.Empty(_faults);
        Assert.True(_dialled.Distinct().Count() < _dialled.Count, "each visit had a socket of its own");
    }

    private async Task RunAsync(Func<Task> meanwhile)
    {
        using var stop = new CancellationTokenSource();
        var loop = new PolledAcceptLoop(_front, 10, ServeAsync, TimeProvider.System) { OnVisitFault = _faults.Enqueue };
        var running = loop.RunAsync(stop.Token);
        using (var first = await ConnectAsync())
        {
            // Now all of the pollers' descriptors are there.
            await Eventually.TrueAsync(() => loop.Running == 1, "the loop accepts");
        }
        await Eventually.TrueAsync(() => loop.Running == 0, "the first visit is over");
        await meanwhile();
        await stop.CancelAsync();
        await running.WaitAsync(Patience);
    }

    // The first byte says to whom.
    private async Task ServeAsync(SocketDuplex visitor, CancellationToken stop)
    {
        var first = new byte[1];
        if (await visitor.ReadAsync(first, stop) == 0) return;
        await using var upstream = await SocketDuplex.ConnectAsync((IPEndPoint)_addresses[first[0]], new ConnectOptions { SpeaksFirst = true }, stop);
        _dialled.Enqueue((first[0], new FileInfo($"/proc/self/fd/{upstream.Handle.DangerousGetHandle()}").LinkTarget!));
        await Relay.RunAsync(visitor, first, upstream, RelayOptions.Default, stop);
    }

    // Both sides say all they have to say, and both hear it.
    private async Task VisitAsync(int upstream, int length)
    {
        using var visitor = await ConnectAsync();
        byte[] question = [(byte)upstream, .. RandomNumberGenerator.GetBytes(length)], answer = RandomNumberGenerator.GetBytes(length);
        var asking = SayAsync(visitor, question);
        using var far = await _upstreams[upstream].AcceptAsync(Deadline.Generous);
        Assert.Equal(question, await far.ReadToEndAsync().WaitAsync(Patience));
        var answering = SayAsync(far, answer);
        Assert.Equal(answer, await visitor.ReadToEndAsync().WaitAsync(Patience));
        await Task.WhenAll(asking, answering).WaitAsync(Patience);
    }

    // The visitor is gone while much of what he said waits on our side, and the upstream is told so.
    private async Task VanishAsync(int upstream)
    {
        using var visitor = await ConnectAsync();
        await visitor.SendAllAsync(new byte[Stuck]).WaitAsync(Patience);
        using var far = await _upstreams[upstream].AcceptAsync(Deadline.Generous);
        Assert.Equal(1, await far.ReceiveAsync(new byte[1], Deadline.Generous));
        visitor.Close(0);
        var broken = await Assert.ThrowsAsync<SocketException>(() => far.ReadToEndAsync().WaitAsync(Patience));
        Assert.Equal(SocketError.ConnectionReset, broken.SocketErrorCode);
    }

    private static async Task SayAsync(Socket socket, byte[] words)
    {
        await socket.SendAllAsync(words);
        socket.Shutdown(SocketShutdown.Send);
    }

    private async Task<Socket> ConnectAsync()
    {
        var visitor = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await visitor.ConnectAsync(_front.LocalEndPoint!);
        return visitor;
    }
}
