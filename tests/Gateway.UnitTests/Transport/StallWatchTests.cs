using Gateway.Transport;
using Xunit;

namespace Gateway.UnitTests.Transport;

[Trait("adv", "H5")]
public sealed class StallWatchTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly FakeTime _time = new();
    private readonly Direction _direction = new();
    private StallWatch? _watch;

    [Fact]
    public void Nothing_delivered_for_the_whole_time_is_a_stall()
    {
        Assert.False(LookAfter(0));
        Assert.False(LookAfter(9));
        Assert.True(LookAfter(1));
    }

    [Fact]
    public void A_byte_now_and_then_does_not_help()
    {
        for (var i = 0; i < 10; i++, _direction.Delivered++) Assert.False(LookAfter(1));
        Assert.True(LookAfter(1));
    }

    [Fact]
    public void A_reader_that_is_only_slow_is_left_alone_for_ever()
    {
        for (var i = 0; i < 100; i++, _direction.Delivered += 128) Assert.False(LookAfter(1));
    }

    [Fact]
    public void A_reader_that_was_slow_and_then_stops_is_cut_within_twice_the_time()
    {
        for (var i = 0; i < 15; i++, _direction.Delivered += 1000) Assert.False(LookAfter(1));
        Assert.Contains(true, Enumerable.Range(0, 20).Select(_ => LookAfter(1)));
    }

    [Fact]
    public void Once_all_was_taken_the_time_begins_anew()
    {
        LookAfter(0);
        LookAfter(9);
        _direction.IsHeldUp = false;
        Assert.False(LookAfter(1));
        _direction.IsHeldUp = true;
        Assert.False(LookAfter(1));
        Assert.False(LookAfter(9));
        Assert.True(LookAfter(1));
    }

    [Fact]
    public void Silence_without_anything_to_read_is_no_stall()
    {
        _direction.IsHeldUp = false;
        for (var i = 0; i < 100; i++) Assert.False(LookAfter(10));
    }

    private bool LookAfter(int seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        return StallWatch.IsStalled(ref _watch, _direction, Patience, _time);
    }

    private sealed class Direction : IDelivering
    {
        public bool IsHeldUp { get; set; } = true;

        public long Delivered { get; set; }
    }
}
