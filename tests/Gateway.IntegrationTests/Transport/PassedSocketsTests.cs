using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Gateway.Dns;
using Gateway.Transport;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.IntegrationTests.Transport;

/// <summary>What a service manager would do: descriptors in a row, and an environment that names them.</summary>
[Collection(nameof(Router.AloneCollection))]
public sealed class PassedSocketsTests : IDisposable
{
    private const int Process = 4711;
    private readonly List<Socket> _opened = [];

    [Fact]
    public void A_part_takes_the_sockets_of_its_name_and_opens_none_itself()
    {
        using var passed = Pass(("tls", Stream()), ("http", Stream()), ("tls", Stream()));
        var faults = new List<string>();
        var tls = Listening.Open("tls", [new IPEndPoint(IPAddress.Parse("192.0.2.1"), 1)], 8, passed, faults);
        Assert.Empty(faults);
        Assert.Equal([_opened[0].LocalEndPoint, _opened[2].LocalEndPoint], tls.Select(socket => socket.LocalEndPoint));
        Assert.Contains("named 'http', which no part of this node takes", Assert.Single(passed.Faults), StringComparison.Ordinal);
        foreach (var socket in tls) socket.Dispose();
    }

    [Fact]
    public void Without_any_of_its_name_a_part_opens_what_it_wants()
    {
        using var passed = Pass();
        var faults = new List<string>();
        using var own = Assert.Single(Listening.Open("tls", [new IPEndPoint(IPAddress.Loopback, 0)], 8, passed, faults));
        Assert.Empty(faults.Concat(passed.Faults));
    }

    [Fact]
    public async Task A_passed_listener_accepts_and_its_copy_at_the_service_manager_keeps_the_queue()
    {
        using var passed = Pass(("tls", Stream()));
        var listener = Assert.Single(passed.Claim("tls", SocketType.Stream));
        using var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await first.ConnectAsync(listener.LocalEndPoint!);
        (await listener.AcceptAsync()).Dispose();
        listener.Dispose();
        using var second = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await second.ConnectAsync(_opened[0].LocalEndPoint!);
        (await _opened[0].AcceptAsync()).Dispose();
    }

    [Fact]
    public void Our_children_do_not_inherit_it_and_it_waits()
    {
        var socket = Stream();
        socket.Blocking = false;
        using var passed = Pass(("tls", socket));
        using var taken = Assert.Single(passed.Claim("tls", SocketType.Stream));
        Assert.Equal(1, fcntl(taken.SafeHandle, 1, 0) & 1);
        Assert.True(taken.Blocking);
    }

    [Fact]
    public async Task The_name_server_answers_on_passed_sockets_by_UDP_and_TCP()
    {
        var tcp = Stream();
        var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        udp.Bind(tcp.LocalEndPoint!);
        _opened.Add(udp);
        using var passed = Pass(("dns", tcp), ("dns", udp));
        var options = new DnsOptions { Listen = [], UdpThreads = 2 };
        var feed = new ZoneFeed(null, options, null, TimeProvider.System, NullLoggerFactory.Instance);
        await using var server = new NameServer(options, feed, TimeProvider.System, NullLoggerFactory.Instance);
        Assert.Empty(server.Bind(passed).Concat(passed.Faults));
        Assert.Equal(tcp.LocalEndPoint, Assert.Single(server.Bound));
        using var stop = new CancellationTokenSource();
        var running = server.RunAsync(stop.Token);
        foreach (var how in new[] { "+notcp", "+tcp" })
            Assert.Contains("status:", await Gateway.IntegrationTests.Dns.ProgramRun.OutputAsync("dig", $"@127.0.0.1 -p {server.Bound[0].Port} {how} +time=20 a.example A"), StringComparison.Ordinal);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_name_server_with_half_of_a_pair_is_told_so()
    {
        using var passed = Pass(("dns", Stream()));
        var options = new DnsOptions { Listen = [] };
        await using var server = new NameServer(options, new ZoneFeed(null, options, null, TimeProvider.System, NullLoggerFactory.Instance), TimeProvider.System, NullLoggerFactory.Instance);
        Assert.Contains("for UDP or TCP only", Assert.Single(server.Bind(passed)), StringComparison.Ordinal);
    }

    [Fact]
    public void Unusable_ones_are_named_all_at_once_with_what_to_do()
    {
        using var connection = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var listener = Stream();
        connection.Connect(listener.LocalEndPoint!);
        var dual = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        dual.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        dual.Listen();
        _opened.Add(dual);
        using var passed = Pass(("tls", connection), ("http", dual), ("", listener));
        Assert.Equal(3, passed.Faults.Count);
        Assert.Contains("set Accept=no", passed.Faults[0], StringComparison.Ordinal);
        Assert.Contains("BindIPv6Only=ipv6-only", passed.Faults[1], StringComparison.Ordinal);
        Assert.Contains("named 'unknown'", passed.Faults[2], StringComparison.Ordinal);
        // Closed at once: a finalizer would close whatever has the number later.
        Assert.Equal(-1, fcntl(First(), 1, 0));
    }

    [Fact]
    public void What_is_no_socket_is_a_fault_and_what_is_meant_for_another_process_is_left_alone()
    {
        using var file = File.OpenHandle("/dev/null");
        using var passed = Pass([("tls", file)]);
        Assert.Contains("passed something named 'tls': it has no address", Assert.Single(passed.Faults), StringComparison.Ordinal);
        Assert.Empty(PassedSockets.Take(Environment("1", "3", "tls"), Process).Faults);
        Assert.Empty(PassedSockets.Take(new Dictionary<string, string>(), Process).Faults);
    }

    public void Dispose() => _opened.ForEach(socket => socket.Dispose());

    internal static PassedSockets Pass(params (string Name, Socket Socket)[] sockets) =>
        Pass([.. sockets.Select(it => (it.Name, (SafeHandle)it.Socket.SafeHandle))]);

    private static PassedSockets Pass((string Name, SafeHandle Handle)[] descriptors)
    {
        // Near the end of the table, where nothing else is.
        var first = First();
        for (var i = 0; i < descriptors.Length; i++) Assert.Equal(first + i, dup2(descriptors[i].Handle, first + i));
        var names = string.Join(':', descriptors.Select(it => it.Name));
        return PassedSockets.Take(Environment(Process.ToString(CultureInfo.InvariantCulture), descriptors.Length.ToString(CultureInfo.InvariantCulture), names), Process, first);
    }

    private static int First()
    {
        Assert.Equal(0, getrlimit(7, out var limits));
        return (int)Math.Min(limits.Soft, int.MaxValue) - 64;
    }

    private static Dictionary<string, string> Environment(string process, string count, string names) =>
        new() { ["LISTEN_PID"] = process, ["LISTEN_FDS"] = count, ["LISTEN_FDNAMES"] = names };

    private Socket Stream()
    {
        _opened.Add(Loopback.Listen());
        return _opened[^1];
    }

    private record struct Limits(ulong Soft, ulong Hard);

    [DllImport("libc")]
    private static extern int getrlimit(int resource, out Limits limits);

    [DllImport("libc")]
    private static extern int dup2(SafeHandle from, int to);

    [DllImport("libc")]
    private static extern int fcntl(int descriptor, int command, int value);

    [DllImport("libc")]
    private static extern int fcntl(SafeHandle descriptor, int command, int value);
}
