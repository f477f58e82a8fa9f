using Gateway.Transport.Yamux;
using Xunit;

namespace Gateway.UnitTests.Transport.Yamux;

public sealed class ReceiveWindowTests
{
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void The_peer_may_send_256_KiB_and_not_a_byte_more()
    {
        var window = new ReceiveWindow();
        Assert.True(window.TrySpend(262_143));
        Assert.False(window.TrySpend(2));
        Assert.True(window.TrySpend(1));
        Assert.False(window.TrySpend(1));
    }

    [Fact]
    public void Credit_is_given_back_by_the_half_window()
    {
        var window = new ReceiveWindow();
        Assert.True(window.TrySpend(262_144));
        Assert.False(window.IsDue(131_071, 0));
        Assert.True(window.IsDue(1, 0));
        Assert.Equal(131_072u, window.GiveBack(TimeSpan.FromSeconds(1), default, ReceiveWindow.Initial, _ => true));
        Assert.True(window.TrySpend(131_072));
        Assert.False(window.TrySpend(1));
    }

    [Fact]
    public void A_window_used_up_within_four_round_trips_doubles_up_to_the_bound()
    {
        var window = new ReceiveWindow();
        var now = TimeSpan.FromSeconds(1);
        for (var i = 0; i < 12; i++) GiveBackHalf(ref window, now += RoundTrip * 3, 3 << 20, _ => true);
        Assert.Equal(3u << 20, window.Size);
    }

    [Fact]
    public void A_window_used_up_slowly_stays_as_it_is()
    {
        var window = new ReceiveWindow();
        var now = TimeSpan.FromSeconds(1);
        for (var i = 0; i < 12; i++) GiveBackHalf(ref window, now += RoundTrip * 4, 16 << 20, _ => true);
        Assert.Equal(ReceiveWindow.Initial, window.Size);
    }

    [Fact]
    public void A_window_whose_bytes_nobody_reads_stays_as_it_is()
    {
        var window = new ReceiveWindow();
        var now = TimeSpan.FromSeconds(1);
        for (var i = 0; i < 12; i++) GiveBackHalf(ref window, now += RoundTrip, 16 << 20, _ => true, waiting: 100_000);
        Assert.Equal(ReceiveWindow.Initial, window.Size);
    }

    [Fact]
    public void An_application_that_reads_each_burst_to_its_end_keeps_up_wherever_the_half_window_falls()
    {
        // A third of the window comes at once and is read in small pieces: half the window is never used up at the end of a burst.
        var window = new ReceiveWindow();
        var now = TimeSpan.FromSeconds(1);
        for (var burst = 0; burst < 60; burst++)
        {
            now += RoundTrip / 3;
            var length = (int)(window.Size / 3) - 5;
            Assert.True(window.TrySpend((uint)length));
            for (var unread = length; unread > 0; unread -= 4096)
                if (window.IsDue(Math.Min(4096, unread), Math.Max(0, unread - 4096))) window.GiveBack(now, RoundTrip, 16 << 20, _ => true);
        }

        Assert.Equal(16u << 20, window.Size);
    }

    [Fact]
    public void A_window_grows_only_when_there_is_memory_for_it()
    {
        var window = new ReceiveWindow();
        var now = TimeSpan.FromSeconds(1);
        for (var i = 0; i < 12; i++) GiveBackHalf(ref window, now += RoundTrip, 16 << 20, _ => false);
        Assert.Equal(ReceiveWindow.Initial, window.Size);
    }

    private static void GiveBackHalf(ref ReceiveWindow window, TimeSpan now, uint largest, Func<uint, bool> tryGrow, int waiting = 0)
    {
        var half = window.Size / 2;
        var before = window.Size;
        Assert.True(window.TrySpend(half));
        Assert.True(window.IsDue((int)half, waiting));
        var credit = window.GiveBack(now, RoundTrip, largest, tryGrow);
        Assert.Equal(half + window.Size - before, credit);
    }
}
