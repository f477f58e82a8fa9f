using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Gateway.Router.Tunnelling;
using Gateway.Transport;
using Gateway.Transport.Handshakes;
using Gateway.UnitTests;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>How many connections a client keeps ready, by a given clock.</summary>
public sealed class DirectPoolTests : IAsyncDisposable
{
    private static readonly IPEndPoint Client = new(IPAddress.Parse("192.0.2.1"), 1);

    private readonly FakeTime _time = new();
    private readonly DirectTokens _tokens = new(1000);
    private readonly Queue<UInt128> _told = new();
    private readonly List<Socket> _clients = [];
    private readonly List<SocketDuplex> _held = [];
    private readonly DirectPool _pool;
    private int _notices;

    public DirectPoolTests() => _pool = new DirectPool(_tokens, Client, () => TimeSpan.FromMilliseconds(5), Tell, _time);

    [Fact]
    public void One_is_ready_before_anybody_came()
    {
        _pool.Start();
        Assert.Single(_told);
        Dial();
        Assert.Equal(1, _pool.Ready);
    }

    [Fact]
    public async Task As_many_become_ready_as_came_at_once()
    {
        _pool.Start();
        Dial();
        await VisitAsync(20);
        Assert.Equal(20, _pool.Visitors);
        Assert.InRange(_pool.Ready, 16, 40);
        // All of them at once again, and nobody waits.
        var ready = _pool.Ready;
        for (var i = 0; i < ready; i++) _held.Add(await Now());
    }

    [Fact]
    public async Task Tokens_go_out_by_the_batch()
    {
        _pool.Start();
        Dial();
        await VisitAsync(40);
        var (before, noticesBefore) = (_told.Count, _notices);
        Assert.Equal(0, before);
        var ready = _pool.Ready;
        var asked = 0;
        for (var i = 0; i < 4 * ready; i++)
        {
            _held.Add(await Now());
            asked += _told.Count;
            Dial();
        }

        Assert.InRange(asked, 3 * ready, 5 * ready);
        Assert.InRange(_notices - noticesBefore, 1, 12);
    }

    [Fact]
    public async Task Fewer_are_kept_after_a_quiet_time()
    {
        _pool.Start();
        Dial();
        await VisitAsync(30);
        var many = _pool.Ready;
        for (var quiet = 0; quiet < 8; quiet++)
        {
            _time.Advance(TimeSpan.FromMinutes(2));
            for (var taken = _pool.Ready; taken > 0; taken--) _held.Add(await Now());
            Dial();
        }

        Assert.InRange(_pool.Ready, 1, many / 8);
    }

    [Fact]
    public async Task A_client_that_dials_none_is_left_in_peace_for_a_minute()
    {
        for (var i = 0; i < 10 && (i == 0 || _told.Count > 0); i++)
        {
            _told.Clear();
            var nobody = _pool.TakeAsync(CancellationToken.None).AsTask();
            _time.Advance(TimeSpan.FromSeconds(11));
            Assert.Null(await nobody);
        }

        Assert.Empty(_told);
        Assert.Null(await _pool.TakeAsync(CancellationToken.None));
        _time.Advance(TimeSpan.FromMinutes(2));
        var again = _pool.TakeAsync(CancellationToken.None).AsTask();
        Assert.NotEmpty(_told);
        Dial();
        _held.Add((await again)!);
    }

    public ValueTask DisposeAsync()
    {
        _pool.Dispose();
        foreach (var connection in _held) connection.Reset();
        foreach (var client in _clients) client.Dispose();
        return ValueTask.CompletedTask;
    }

    private bool Tell(TunnelNotice notice)
    {
        _notices++;
        for (var rest = notice.Content; rest.Length > 0; rest = rest[DirectPreamble.TokenLength..]) _told.Enqueue(BinaryPrimitives.ReadUInt128BigEndian(rest.Span));
        return true;
    }

    // Visitors who come at once, and a client that dials for each token.
    private async Task VisitAsync(int count)
    {
        var visitors = Enumerable.Range(0, count).Select(_ => _pool.TakeAsync(CancellationToken.None).AsTask()).ToArray();
        Dial();
        foreach (var visitor in visitors) _held.Add((await visitor)!);
    }

    private async Task<SocketDuplex> Now()
    {
        var taken = _pool.TakeAsync(CancellationToken.None);
        Assert.True(taken.IsCompleted);
        return (await taken)!;
    }

    private void Dial()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        while (_told.TryDequeue(out var token))
        {
            var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
            client.Connect(listener.LocalEndPoint!);
            _clients.Add(client);
            Assert.Null(_tokens.Redeem(token, new IPEndPoint(IPAddress.Parse("192.0.2.2"), 7), out var isStolen));
            Assert.True(isStolen);
            Assert.Same(_pool, _tokens.Redeem(token, new IPEndPoint(Client.Address, 7), out isStolen));
            Assert.False(isStolen);
            Assert.True(_pool.Arrived(token, new SocketDuplex(listener.Accept())));
        }
    }
}
