using Gateway.Transport.Polling;
using Xunit;

namespace Gateway.UnitTests.Transport.Polling;

public sealed class PollRoundsTests
{
    private readonly PollRounds _rounds = new();
    private readonly List<string> _done = [];

    [Fact]
    public void A_long_piece_of_work_does_not_keep_a_short_one_waiting()
    {
        _rounds.Queue(new Piece("long", 3, _done));
        _rounds.Queue(new Piece("short", 1, _done));
        while (_rounds.Pause == 0) _rounds.Run();
        Assert.Equal(["long", "short", "long", "long"], _done);
    }

    [Fact]
    public void Work_that_is_queued_twice_is_done_once()
    {
        var piece = new Piece("once", 1, _done);
        _rounds.Queue(piece);
        _rounds.Queue(piece);
        _rounds.Run();
        Assert.Equal(["once"], _done);
        Assert.False(piece.IsQueued);
    }

    [Fact]
    public void Nothing_to_do_and_nothing_to_watch_waits_without_end()
    {
        Assert.Equal(-1, _rounds.Pause);
        var piece = new Piece("watched", 1, _done);
        _rounds.Watch(piece);
        Assert.InRange(_rounds.Pause, 1, 1000);
        _rounds.Unwatch(piece);
        _rounds.Unwatch(piece);
        Assert.Equal(-1, _rounds.Pause);
    }

    [Fact]
    public void Taking_one_off_keeps_the_others_watched()
    {
        var pieces = Enumerable.Range(0, 4).Select(number => new Piece($"{number}", 1, _done)).ToArray();
        foreach (var piece in pieces) _rounds.Watch(piece);
        _rounds.Unwatch(pieces[1]);
        _rounds.Unwatch(pieces[3]);
        Assert.Equal([0, 1], new[] { pieces[0].SweepIndex, pieces[2].SweepIndex }.Order());
        Assert.Equal([-1, -1], new[] { pieces[1].SweepIndex, pieces[3].SweepIndex });
    }

    private sealed class Piece(string name, int rounds, List<string> done) : IPollWork
    {
        private int _left = rounds;

        public bool IsQueued { get; set; }

        public int SweepIndex { get; set; } = -1;

        public void OnPosted()
        {
        }

        public bool Work()
        {
            done.Add(name);
            return --_left > 0;
        }

        public void Sweep()
        {
        }
    }
}
