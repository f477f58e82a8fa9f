using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Gateway.Cli.Expose;
using Gateway.Transport;
using Xunit;

namespace Gateway.IntegrationTests.Cli.Expose;

/// <summary>How the tunnel client finds a gateway or a service: with a resolver of the test's own, over real sockets of loopback.</summary>
public sealed class DialerTests : IDisposable
{
    private const string Host = "gw.example";

    /* No test is to wait for it. */
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    private static readonly IPAddress Silent = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Refusing = IPAddress.Parse("127.0.0.9");

    private readonly Socket _closed = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public void Dispose() => _closed.Dispose();

    [Fact]
    public async Task A_name_is_resolved_anew_at_each_dial()
    {
        await using var service = TestService.Echo();
        var answers = new Queue<IPAddress[]>([[IPAddress.Loopback], [Refusing], [IPAddress.Loopback]]);
        var asked = new List<string>();
        var dialer = new Dialer(Long, TimeProvider.System, (host, _) =>
        {
            asked.Add(host);
            return Task.FromResult(answers.Dequeue());
        });
        Assert.Equal(IPAddress.Loopback, await ReachedAsync(dialer, service.Port));
        await Assert.ThrowsAsync<IOException>(() => ReachedAsync(dialer, service.Port));
        Assert.Equal(IPAddress.Loopback, await ReachedAsync(dialer, service.Port));
        Assert.Equal([Host, Host, Host], asked);
    }

    [Fact]
    public async Task A_dead_address_before_the_living_one_is_not_waited_for()
    {
        await using var service = TestService.Echo();
        var events = new ConcurrentQueue<string>();
        var dialer = new Dialer(Long, TimeProvider.System, Knows(Silent, IPAddress.Loopback), async (to, options, stop) =>
        {
            events.Enqueue($"dial {to.Address}");
            if (!to.Address.Equals(Silent)) return await SocketDuplex.ConnectAsync(to, options, stop);
            using var told = stop.Register(() => events.Enqueue($"give {to.Address} up"));
            await Task.Delay(Timeout.Infinite, stop);
            throw new InvalidOperationException("nobody is there");
        });
        Assert.Equal(IPAddress.Loopback, await ReachedAsync(dialer, service.Port));
        Assert.Equal(["dial 192.0.2.1", "dial 127.0.0.1", "give 192.0.2.1 up"], events);
    }

    [Fact]
    public async Task Where_one_family_is_out_of_reach_the_other_is_taken()
    {
        await using var service = TestService.Echo();
        var dialer = new Dialer(Long, TimeProvider.System, Knows(IPAddress.IPv6Loopback, IPAddress.Loopback));
        Assert.Equal(IPAddress.Loopback, await ReachedAsync(dialer, service.Port));
    }

    [Fact]
    public async Task All_dead_is_one_fault_that_names_each_address()
    {
        var port = ClosedPort();
        var dialer = new Dialer(TimeSpan.FromMilliseconds(500), TimeProvider.System, Knows(Refusing, Silent), (to, options, stop) => to.Address.Equals(Silent) ? NeverAsync(stop) : SocketDuplex.ConnectAsync(to, options, stop));
        var fault = await Assert.ThrowsAsync<IOException>(() => ReachedAsync(dialer, port));
        Assert.Equal($"none of 2 addresses answers: {Refusing}:{port}: Connection refused; {Silent}:{port}: no answer within {0.5.ToString(CultureInfo.CurrentCulture)} s", fault.Message);
    }

    [Fact]
    public async Task A_name_without_an_address_or_an_answer_is_a_fault_that_names_it()
    {
        Assert.Equal("gw.example has no address", await FaultAsync(new Dialer(Long, TimeProvider.System, Knows())));
        Assert.Equal("gw.example does not resolve", await FaultAsync(new Dialer(Long, TimeProvider.System, (_, _) => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound)))));
        Assert.Equal("gw.example does not resolve", await FaultAsync(new Dialer(TimeSpan.FromMilliseconds(20), TimeProvider.System, (_, _) => new TaskCompletionSource<IPAddress[]>().Task)));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("LocalHost")]
    public async Task No_resolver_is_asked_for_an_address_or_for_localhost(string host)
    {
        await using var service = TestService.Echo();
        var dialer = new Dialer(Long, TimeProvider.System, (_, _) => throw new InvalidOperationException("nobody asks"));
        await using var connected = await dialer.DialAsync(new HostPort(host, service.Port), TestContext.Current.CancellationToken);
        Assert.Equal(IPAddress.Loopback, connected.Remote!.Address);
    }

    private static Resolve Knows(params IPAddress[] addresses) => (_, _) => Task.FromResult(addresses);

    private static async ValueTask<SocketDuplex> NeverAsync(CancellationToken stop)
    {
        await Task.Delay(Timeout.Infinite, stop);
        throw new InvalidOperationException("nobody is there");
    }

    private static async Task<IPAddress> ReachedAsync(Dialer dialer, int port)
    {
        await using var connected = await dialer.DialAsync(new HostPort(Host, port), TestContext.Current.CancellationToken);
        return connected.Remote!.Address;
    }

    private static async Task<string> FaultAsync(Dialer dialer) => (await Assert.ThrowsAsync<IOException>(() => ReachedAsync(dialer, 1))).Message;

    // Bound, so that nobody else takes it, and nobody listens.
    private int ClosedPort()
    {
        _closed.Bind(new IPEndPoint(Refusing, 0));
        return ((IPEndPoint)_closed.LocalEndPoint!).Port;
    }
}
