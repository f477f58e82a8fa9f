using System.Text;
using Gateway.Cli.Expose;
using Gateway.IntegrationTests.Support;
using Gateway.Transport;
using Gateway.UnitTests;
using Xunit;

namespace Gateway.IntegrationTests.Cli.Expose;

public sealed class TunnelClientTests
{
    [Fact]
    public async Task A_visitor_reaches_the_local_service_and_the_secret_is_proved_but_never_told()
    {
        await using var service = TestService.Echo();
        await using var gateway = new TestGateway();
        await using var client = new RunningClient(service.Port, gateway.Port);
        Assert.Equal("hello", await AskAsync(gateway, "hello"));
        Assert.Equal([RunningClient.Secret], gateway.Secrets);
        await client.StopAsync();
        Assert.Equal($"127.0.0.1:{gateway.Port}: connected\n127.0.0.1:{gateway.Port}: stopped\n", client.Said);
    }

    [Fact]
    [Trait("adv", "T10")]
    public async Task A_killed_connection_is_dialled_again_at_once()
    {
        await using var service = TestService.Echo();
        await using var gateway = new TestGateway();
        await using var client = new RunningClient(service.Port, gateway.Port);
        for (var i = 1; i <= 3; i++)
        {
            Assert.Equal("hello", await AskAsync(gateway, "hello"));
            gateway.Kill();
            await Eventually.TrueAsync(() => gateway.Secrets.Count == i + 1, "the client is back");
        }
        Assert.Equal("again", await AskAsync(gateway, "again"));
    }

    [Fact, Trait("adv", "T1"), Trait("adv", "T10")]
    public async Task After_ten_minutes_asleep_it_is_back_as_soon_as_it_wakes()
    {
        var time = new FakeTime();
        await using var service = TestService.Echo();
        await using var gateway = new TestGateway();
        await using var client = new RunningClient(RunningClient.Options(service.Port, gateway.Port), time);
        Assert.Equal("before", await AskAsync(gateway, "before"));
        // The heartbeat has set its timer, or the clock would jump before it began to count.
        await Eventually.TrueAsync(() => time.Pending > 0, "the client waits for signs of life");
        time.Sleep(TimeSpan.FromMinutes(10));
        // No second of this clock passes any more: what it does now, it does at once.
        await Eventually.TrueAsync(() => gateway.Secrets.Count == 2, "the client has dialled again");
        Assert.Equal("after", await AskAsync(gateway, "after"));
        Assert.Contains("nothing came from the peer; trying again at once", client.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_that_stops_and_comes_back_is_found_again()
    {
        await using var service = TestService.Echo();
        await using var gateway = new TestGateway();
        await using var client = new RunningClient(service.Port, gateway.Port);
        Assert.Equal("one", await AskAsync(gateway, "one"));
        await gateway.StopAsync();
        await Eventually.TrueAsync(() => client.Said.Contains("cannot connect", StringComparison.Ordinal), "the client notices");
        gateway.StartAgain();
        Assert.Equal("two", await AskAsync(gateway, "two"));
    }

    [Fact]
    public async Task All_gateways_are_held_at_once()
    {
        await using var service = TestService.Echo();
        await using var one = new TestGateway();
        await using var two = new TestGateway();
        await using var client = new RunningClient(service.Port, one.Port, two.Port);
        Assert.Equal("one", await AskAsync(one, "one"));
        Assert.Equal("two", await AskAsync(two, "two"));
        await one.StopAsync();
        Assert.Equal("still two", await AskAsync(two, "still two"));
    }

    [Fact]
    public async Task A_local_service_that_is_down_costs_that_visitor_alone_and_is_used_when_it_is_up()
    {
        await using var gateway = new TestGateway();
        var service = TestService.Echo();
        var port = service.Port;
        await service.DisposeAsync();
        await using var client = new RunningClient(port, gateway.Port);
        var session = await gateway.SessionAsync();
        for (var i = 0; i < 3; i++)
        {
            await using var visitor = (await session.OpenAsync(Deadline.Generous))!;
            await Assert.ThrowsAsync<IOException>(async () => await visitor.ReadAsync(new byte[1], Deadline.Generous));
        }
        await using var again = TestService.Echo(port);
        Assert.Equal("hello", await AskAsync(gateway, "hello"));
        Assert.Same(session, await gateway.SessionAsync());
        await client.StopAsync();
        Assert.Equal(1, client.Said.Split("does not answer").Length - 1);
        Assert.Contains("the local service answers", client.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Visitors_who_speak_TLS_go_to_the_service_that_does()
    {
        await using var plain = TestService.Echo(mark: (byte)'p');
        await using var tls = TestService.Echo(mark: (byte)'t');
        await using var gateway = new TestGateway();
        await using var client = new RunningClient(RunningClient.Options(plain.Port, gateway.Port) with { LocalTls = new HostPort("127.0.0.1", tls.Port) });
        Assert.Equal("t\u0016\u0003\u0001", await AskAsync(gateway, "\u0016\u0003\u0001"));
        Assert.Equal("pGET /", await AskAsync(gateway, "GET /"));
    }

    [Fact]
    [Trait("adv", "T4")]
    public async Task A_visitor_who_says_nothing_hears_the_server_first_and_blocks_nobody()
    {
        await using var plain = TestService.Echo(mark: (byte)'p');
        await using var gateway = new TestGateway();
        var options = RunningClient.Options(plain.Port, gateway.Port) with { LocalTls = new HostPort("127.0.0.1", 1), PeekTimeout = TimeSpan.FromSeconds(3) };
        await using var client = new RunningClient(options);
        await using var silent = await gateway.VisitAsync();
        Assert.Equal("pGET /", await AskAsync(gateway, "GET /"));
        var banner = new byte[8];
        Assert.Equal(1, await silent.ReadAsync(banner, Deadline.Generous));
        Assert.Equal((byte)'p', banner[0]);
    }

    [Fact]
    [Trait("adv", "T3")]
    public async Task Five_hundred_visitors_at_once_each_get_their_own()
    {
        await using var service = TestService.Echo();
        await using var gateway = new TestGateway();
        await using var client = new RunningClient(service.Port, gateway.Port);
        await gateway.SessionAsync();
        var asked = Enumerable.Range(0, 500).Select(i => new string((char)('a' + (i % 26)), 1 + (i * 37 % 5_000))).ToArray();
        var answers = await Task.WhenAll(asked.Select(text => AskAsync(gateway, text)));
        Assert.Equal(asked, answers);
        var session = await gateway.SessionAsync();
        await Eventually.TrueAsync(() => session.Streams == 0, "no stream is left");
    }

    [Fact]
    public async Task A_large_transfer_arrives_unchanged()
    {
        await using var service = TestService.Echo();
        await using var gateway = new TestGateway();
        await using var client = new RunningClient(service.Port, gateway.Port);
        await using var visitor = await gateway.VisitAsync();
        var sending = Bulk.SendAsync(visitor, 64 << 20, 3);
        Assert.Equal(await Bulk.ReceiveAsync(visitor), await sending);
    }

    [Fact]
    [Trait("adv", "T4")]
    public async Task A_visitor_who_does_not_read_slows_no_other()
    {
        await using var service = TestService.Echo();
        await using var gateway = new TestGateway();
        await using var client = new RunningClient(service.Port, gateway.Port);
        await using var slow = await gateway.VisitAsync();
        await using var fast = await gateway.VisitAsync();
        // Far more than all windows and buffers between: it must stall.
        var stalled = Bulk.SendAsync(slow, 64 << 20, 5);
        var sending = Bulk.SendAsync(fast, 16 << 20, 6);
        Assert.Equal(await Bulk.ReceiveAsync(fast), await sending);
        Assert.False(stalled.IsCompleted);
        Assert.Equal(await Bulk.ReceiveAsync(slow), await stalled);
    }

    [Fact]
    public async Task What_is_no_gateway_is_reported_and_tried_again()
    {
        await using var service = TestService.Echo();
        await using var stranger = new TestService(async (visitor, stop) =>
        {
            await visitor.WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), stop);
            await visitor.EndAsync(stop);
        });
        await using var client = new RunningClient(service.Port, stranger.Port);
        await Eventually.TrueAsync(() => client.Said.Contains("is this its tunnel port", StringComparison.Ordinal), "the client says what is wrong");
    }

    [Fact]
    public async Task A_gateway_that_never_answers_the_handshake_is_given_up()
    {
        await using var service = TestService.Echo();
        await using var silent = new TestGateway(answers: false);
        await using var client = new RunningClient(RunningClient.Options(service.Port, silent.Port) with { HandshakeTimeout = TimeSpan.FromMilliseconds(100) });
        await Eventually.TrueAsync(() => client.Said.Contains("no answer to the handshake", StringComparison.Ordinal), "the client gives up");
    }

    [Fact]
    public async Task A_gateway_that_does_not_know_the_secret_is_never_called_connected()
    {
        await using var service = TestService.Echo();
        await using var gateway = new TestGateway { Refuses = true };
        await using var client = new RunningClient(RunningClient.Options(service.Port, gateway.Port) with { Probation = TimeSpan.FromMinutes(1) });
        await Eventually.TrueAsync(() => gateway.Secrets.Count >= 3, "the client tries again");
        await client.StopAsync();
        Assert.Contains("the secret may not be that of a reservation", client.Said, StringComparison.Ordinal);
        Assert.DoesNotContain(": connected", client.Said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10, false)]
    [InlineData(60_000, true)]
    public async Task A_session_that_stands_or_brings_a_visitor_is_called_connected(int probation, bool isVisited)
    {
        await using var service = TestService.Echo();
        await using var gateway = new TestGateway();
        await using var client = new RunningClient(RunningClient.Options(service.Port, gateway.Port) with { Probation = TimeSpan.FromMilliseconds(probation) });
        if (isVisited) Assert.Equal("hello", await AskAsync(gateway, "hello"));
        await Eventually.TrueAsync(() => client.Said == $"127.0.0.1:{gateway.Port}: connected\n", "the client says so, once");
    }

    [Fact]
    public async Task Told_to_stop_it_takes_nobody_new_and_lets_the_running_finish()
    {
        await using var service = TestService.Echo();
        await using var gateway = new TestGateway();
        await using var client = new RunningClient(RunningClient.Options(service.Port, gateway.Port) with { Drain = TimeSpan.FromSeconds(30) });
        var session = await gateway.SessionAsync();
        await using var visitor = (await session.OpenAsync(Deadline.Generous))!;
        await visitor.WriteAsync("early"u8.ToArray(), Deadline.Generous);
        await ReadAsync(visitor, 5);
        var stopping = client.StopAsync();
        await Eventually.TrueAsync(() => !session.IsOpen, "the client goes away");
        await visitor.WriteAsync("late"u8.ToArray(), Deadline.Generous);
        Assert.Equal("late", await ReadAsync(visitor, 4));
        await visitor.EndAsync(Deadline.Generous);
        Assert.Equal(0, await visitor.ReadAsync(new byte[1], Deadline.Generous));
        await stopping;
    }

    private static async Task<string> AskAsync(TestGateway gateway, string question)
    {
        await using var visitor = await gateway.VisitAsync();
        await visitor.WriteAsync(Encoding.UTF8.GetBytes(question), Deadline.Generous);
        await visitor.EndAsync(Deadline.Generous);
        return await ReadAsync(visitor, int.MaxValue);
    }

    private static async Task<string> ReadAsync(Duplex visitor, int most)
    {
        using var all = new MemoryStream();
        var buffer = new byte[4096];
        while (all.Length < most && await visitor.ReadAsync(buffer, Deadline.Generous) is > 0 and var read) all.Write(buffer, 0, read);
        return Encoding.UTF8.GetString(all.ToArray());
    }
}
