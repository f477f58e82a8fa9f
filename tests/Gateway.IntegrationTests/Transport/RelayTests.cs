using System.Net.Sockets;
using System.Security.Cryptography;
using Gateway.IntegrationTests.Support;
using Gateway.Transport;
using Xunit;

namespace Gateway.IntegrationTests.Transport;

/// <summary>The relay's promises, once for two kernel sockets (epoll and splice) and once for ends that are not (copy loops).</summary>
public sealed class RelayTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static TheoryData<bool> Kinds() => [true, false];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_was_peeked_goes_first_and_all_is_counted(bool kernel)
    {
        await using var relay = await RunningRelay.StartAsync(kernel, peeked: "hello "u8.ToArray());
        await relay.Visitor.SendAllAsync("world"u8.ToArray());
        relay.Visitor.Shutdown(SocketShutdown.Send);
        Assert.Equal("hello world"u8.ToArray(), await relay.Upstream.ReadToEndAsync().WaitAsync(Patience));
        await relay.Upstream.SendAllAsync("good bye"u8.ToArray());
        relay.Upstream.Shutdown(SocketShutdown.Send);
        Assert.Equal("good bye"u8.ToArray(), await relay.Visitor.ReadToEndAsync().WaitAsync(Patience));
        Assert.Equal(new RelayResult(11, 8, RelayEnd.Finished), await relay.Ended);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_half_close_of_the_upstream_leaves_the_visitors_direction_open(bool kernel)
    {
        await using var relay = await RunningRelay.StartAsync(kernel);
        relay.Upstream.Shutdown(SocketShutdown.Send);
        Assert.Empty(await relay.Visitor.ReadToEndAsync().WaitAsync(Patience));
        await relay.Visitor.SendAllAsync(new byte[100_000]);
        relay.Visitor.Shutdown(SocketShutdown.Send);
        Assert.Equal(100_000, (await relay.Upstream.ReadToEndAsync().WaitAsync(Patience)).Length);
        Assert.Equal(new RelayResult(100_000, 0, RelayEnd.Finished), await relay.Ended);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_reset_of_the_visitor_resets_the_upstream(bool kernel)
    {
        await using var relay = await RunningRelay.StartAsync(kernel);
        await relay.ExchangeAsync();
        relay.Visitor.Close(0);
        Assert.Equal(SocketError.ConnectionReset, await ErrorOfAsync(relay.Upstream));
        Assert.Equal(RelayEnd.VisitorBroke, (await relay.Ended).End);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_reset_of_the_upstream_resets_the_visitor(bool kernel)
    {
        await using var relay = await RunningRelay.StartAsync(kernel);
        await relay.ExchangeAsync();
        relay.Upstream.Close(0);
        Assert.Equal(SocketError.ConnectionReset, await ErrorOfAsync(relay.Visitor));
        Assert.Equal(RelayEnd.UpstreamBroke, (await relay.Ended).End);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_answer_sent_before_a_reset_still_arrives(bool kernel)
    {
        await using var relay = await RunningRelay.StartAsync(kernel);
        await relay.ExchangeAsync();
        // A server that answers, and closes with our bytes unread: its close is a reset, with the answer before it.
        await relay.Visitor.SendAllAsync(new byte[10_000]);
        await Eventually.TrueAsync(() => relay.Upstream.Available == 10_000, "all bytes are there, unread");
        await relay.Upstream.SendAllAsync("413"u8.ToArray());
        relay.Upstream.Close();
        var answer = new byte[10];
        Assert.Equal(3, await relay.Visitor.ReceiveAsync(answer));
        Assert.Equal(SocketError.ConnectionReset, await ErrorOfAsync(relay.Visitor));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Silence_beyond_the_idle_deadline_resets_both(bool kernel)
    {
        await using var relay = await RunningRelay.StartAsync(kernel, new RelayOptions { Idle = TimeSpan.FromMilliseconds(400) });
        await relay.ExchangeAsync();
        Assert.Equal(SocketError.ConnectionReset, await ErrorOfAsync(relay.Visitor));
        Assert.Equal(SocketError.ConnectionReset, await ErrorOfAsync(relay.Upstream));
        Assert.Equal(RelayEnd.Idle, (await relay.Ended).End);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Told_to_stop_it_resets_both(bool kernel)
    {
        await using var relay = await RunningRelay.StartAsync(kernel);
        await relay.ExchangeAsync();
        await relay.Stop.CancelAsync();
        Assert.Equal(SocketError.ConnectionReset, await ErrorOfAsync(relay.Visitor));
        Assert.Equal(SocketError.ConnectionReset, await ErrorOfAsync(relay.Upstream));
        Assert.Equal(RelayEnd.Stopped, (await relay.Ended).End);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_end_that_is_cut_by_somebody_else_ends_the_relay(bool kernel)
    {
        await using var relay = await RunningRelay.StartAsync(kernel);
        await relay.ExchangeAsync();
        relay.Front.Reset();
        Assert.Equal(SocketError.ConnectionReset, await ErrorOfAsync(relay.Visitor));
        Assert.Equal(SocketError.ConnectionReset, await ErrorOfAsync(relay.Upstream));
        Assert.NotEqual(RelayEnd.Finished, (await relay.Ended).End);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_stalled_reader_holds_its_sender_and_loses_nothing(bool kernel)
    {
        const int length = 8 << 20;
        await using var relay = await RunningRelay.StartAsync(kernel, buffer: 32 * 1024);
        var sending = relay.Visitor.SendAllAsync(new byte[length]);
        // Nobody reads: what has come stops growing long before the sender is through.
        var (there, same) = (0, 0);
        await Eventually.TrueAsync(() => { same = relay.Upstream.Available == there && there > 0 ? same + 1 : 0; there = relay.Upstream.Available; return same > 50; }, "the sender rests");
        Assert.False(sending.IsCompleted);
        var reading = relay.Upstream.ReadToEndAsync();
        await sending.WaitAsync(Patience);
        relay.Visitor.Shutdown(SocketShutdown.Send);
        Assert.Equal(length, (await reading.WaitAsync(Patience)).Length);
    }

    [Theory]
    [InlineData(true, 256)]
    [InlineData(false, 64)]
    public async Task A_bulky_transfer_arrives_unchanged_both_ways_at_once(bool kernel, int mebibytes)
    {
        await using var relay = await RunningRelay.StartAsync(kernel);
        var (up, down) = (Checked.SendAsync(relay.Visitor, mebibytes, 1), Checked.SendAsync(relay.Upstream, mebibytes, 2));
        var (upThere, downThere) = (Checked.ReceiveAsync(relay.Upstream), Checked.ReceiveAsync(relay.Visitor));
        Assert.Equal(await up.WaitAsync(Patience), await upThere.WaitAsync(Patience));
        Assert.Equal(await down.WaitAsync(Patience), await downThere.WaitAsync(Patience));
        var bytes = (long)mebibytes << 20;
        Assert.Equal(new RelayResult(bytes, bytes, RelayEnd.Finished), await relay.Ended);
    }

    [Fact]
    public async Task Small_messages_between_bulk_change_over_and_back()
    {
        await using var relay = await RunningRelay.StartAsync(kernel: true);
        var random = new Random(7);
        for (var i = 0; i < 60; i++)
        {
            var bytes = new byte[i % 3 == 0 ? random.Next(1, 2_000_000) : random.Next(1, 500)];
            random.NextBytes(bytes);
            var sending = relay.Visitor.SendAllAsync(bytes);
            var there = new byte[bytes.Length];
            for (var at = 0; at < there.Length;) at += await relay.Upstream.ReceiveAsync(there.AsMemory(at)).AsTask().WaitAsync(Patience);
            await sending;
            Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(there));
        }
    }

    private static async Task<SocketError> ErrorOfAsync(Socket socket)
    {
        try
        {
            var buffer = new byte[1024];
            while (await socket.ReceiveAsync(buffer).WaitAsync(Patience) > 0)
            {
            }
            return SocketError.Success;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }
}
