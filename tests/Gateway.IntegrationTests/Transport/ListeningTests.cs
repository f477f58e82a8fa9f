using System.Net;
using System.Net.Sockets;
using Gateway.IntegrationTests.Support;
using Gateway.Transport;
using Xunit;

namespace Gateway.IntegrationTests.Transport;

public sealed class ListeningTests
{
    [Fact]
    public void A_taken_port_is_named_with_its_holder()
    {
        using var holder = Loopback.Listen();
        var taken = (IPEndPoint)holder.LocalEndPoint!;
        Assert.False(Listening.TryBind(taken, 8, out _, out var fault));
        Assert.Contains($"port {taken.Port} on 127.0.0.1 is taken by ", fault, StringComparison.Ordinal);
        Assert.Contains($"(pid {Environment.ProcessId})", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.2")]
    [InlineData("127.0.0.2", "127.0.0.1")]
    [InlineData("::1", "127.0.0.1")]
    public void Whoever_has_the_port_at_another_address_is_not_its_holder(string held, string wanted)
    {
        Assert.True(Listening.TryBind(new IPEndPoint(IPAddress.Parse(held), 0), 8, out var holder, out var fault), fault);
        using var owned = holder;
        var port = ((IPEndPoint)holder.LocalEndPoint!).Port;
        Assert.NotNull(PortHolder.Find(new IPEndPoint(IPAddress.Parse(held), port)));
        Assert.NotNull(PortHolder.Find(new IPEndPoint(holder.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, port)));
        Assert.Null(PortHolder.Find(new IPEndPoint(IPAddress.Parse(wanted), port)));
    }

    [Fact]
    public void An_address_of_another_machine_is_refused_with_a_reason()
    {
        Assert.False(Listening.TryBind(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0), 8, out _, out var fault));
        Assert.Contains("192.0.2.1 is not an address of this machine", fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_was_just_left_can_be_taken_again()
    {
        IPEndPoint left;
        using (var first = Loopback.Listen())
        {
            left = (IPEndPoint)first.LocalEndPoint!;
            await using var near = await SocketDuplex.ConnectAsync(left, CancellationToken.None);
            using var far = await first.AcceptAsync();
            // The side that closes first keeps the port in TIME_WAIT.
            far.Close();
            Assert.Equal(0, await near.ReadAsync(new byte[1], CancellationToken.None));
        }
        Assert.True(Listening.TryBind(left, 8, out var again, out var fault), fault);
        again.Dispose();
    }

    [Fact]
    public async Task A_port_is_shared_by_those_who_all_say_so_and_the_one_that_stays_serves()
    {
        Assert.True(Listening.TryBind(new IPEndPoint(IPAddress.Loopback, 0), 8, out var old, out var fault, isShared: true), fault);
        var port = (IPEndPoint)old.LocalEndPoint!;
        Assert.False(Listening.TryBind(port, 8, out _, out _));
        Assert.True(Listening.TryBind(port, 8, out var young, out fault, isShared: true), fault);
        using var owned = young;
        old.Dispose();
        await using var near = await SocketDuplex.ConnectAsync(port, CancellationToken.None);
        using var far = await young.AcceptAsync(Deadline.Generous);
        Assert.Equal(near.Local, far.RemoteEndPoint);
    }

    [Fact]
    public void Both_families_can_have_the_same_port()
    {
        Assert.True(Listening.TryBind(new IPEndPoint(IPAddress.Any, 0), 8, out var four, out var fault), fault);
        using var owned = four;
        Assert.True(Listening.TryBind(new IPEndPoint(IPAddress.IPv6Any, ((IPEndPoint)four.LocalEndPoint!).Port), 8, out var six, out fault), fault);
        six.Dispose();
    }
}
