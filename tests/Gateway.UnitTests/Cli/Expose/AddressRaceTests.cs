using System.Net;
using Gateway.Cli.Expose;
using Xunit;

namespace Gateway.UnitTests.Cli.Expose;

/// <summary>Several addresses of one name, by a clock that moves only when told.</summary>
public sealed class AddressRaceTests
{
    private static readonly IPAddress[] Three = [IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2"), IPAddress.Parse("192.0.2.3")];

    private readonly FakeTime _time = new();
    private volatile Attempt[] _attempts = [];

    [Fact]
    public async Task The_next_address_is_dialled_a_quarter_of_a_second_after_a_silent_one_and_wins()
    {
        var race = RunAsync(Three);
        Assert.Equal([Three[0]], Dialled);
        await PassAsync(AddressRace<Attempt>.Lead - TimeSpan.FromTicks(1));
        Assert.Equal([Three[0]], Dialled);
        await PassAsync(TimeSpan.FromTicks(1), dialled: 2);
        Assert.Equal(Three[..2], Dialled);
        _attempts[1].Answer();
        Assert.Same(_attempts[1], await race);
        Assert.Equal([false, true], _attempts.Select(attempt => attempt.IsOpen));
        Assert.True(_attempts[0].WasToldToStop);
        Assert.Equal(0, _time.Pending);
    }

    [Fact]
    public async Task An_address_that_refuses_gives_way_at_once()
    {
        var race = RunAsync(Three);
        _attempts[0].Fail("refused");
        await DialledAsync(2);
        _attempts[1].Fail("unreachable");
        await DialledAsync(3);
        _attempts[2].Answer();
        Assert.Same(_attempts[2], await race);
        Assert.Equal(0, _time.Pending);
    }

    [Fact]
    public async Task The_first_may_still_win_after_the_second_was_dialled()
    {
        var race = RunAsync(Three);
        await PassAsync(AddressRace<Attempt>.Lead, dialled: 2);
        _attempts[0].Answer();
        Assert.Same(_attempts[0], await race);
        Assert.Equal(Three[..2], Dialled);
        Assert.Equal([true, false], _attempts.Select(attempt => attempt.IsOpen));
    }

    [Fact]
    public async Task One_that_connects_although_it_has_lost_is_closed_before_the_race_is_over()
    {
        var race = RunAsync(Three, isDeaf: true);
        await PassAsync(AddressRace<Attempt>.Lead, dialled: 2);
        _attempts[1].Answer();
        await EventuallyAsync(() => _attempts[0].WasToldToStop);
        Assert.False(race.IsCompleted);
        _attempts[0].Answer();
        Assert.Same(_attempts[1], await race);
        Assert.Equal([false, true], _attempts.Select(attempt => attempt.IsOpen));
    }

    [Fact]
    public async Task All_dead_is_one_fault_with_each_ones_own_in_an_order_that_does_not_change()
    {
        var race = RunAsync(Three);
        _attempts[0].Fail("c is dead");
        await DialledAsync(2);
        await PassAsync(AddressRace<Attempt>.Lead, dialled: 3);
        _attempts[2].Fail("a is dead");
        _attempts[1].Fail("b is dead");
        Assert.Equal("none of 3 addresses answers: a is dead; b is dead; c is dead", (await Assert.ThrowsAsync<IOException>(() => race)).Message);
        Assert.Equal(0, _time.Pending);
    }

    [Fact]
    public async Task The_only_address_keeps_its_own_words()
    {
        var race = RunAsync(Three[..1]);
        Assert.Equal(0, _time.Pending);
        _attempts[0].Fail("192.0.2.1: refused");
        Assert.Equal("192.0.2.1: refused", (await Assert.ThrowsAsync<IOException>(() => race)).Message);
    }

    [Fact]
    public async Task Told_to_stop_it_ends_every_attempt_and_dials_no_more()
    {
        using var stop = new CancellationTokenSource();
        var race = RunAsync(Three, stop: stop.Token);
        await PassAsync(AddressRace<Attempt>.Lead, dialled: 2);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => race);
        Assert.Equal(Three[..2], Dialled);
        Assert.All(_attempts, attempt => Assert.False(attempt.IsOpen));
        Assert.Equal(0, _time.Pending);
    }

    [Fact]
    public async Task The_families_take_turns_and_no_more_than_sixteen_addresses_are_tried()
    {
        var (v6, v4) = (Many("2001:db8::"), Many("192.0.2."));
        var race = RunAsync([.. v6, .. v4]);
        for (var i = 0; i < 16; i++)
        {
            await DialledAsync(i + 1);
            _attempts[i].Fail("dead");
        }

        await Assert.ThrowsAsync<IOException>(() => race);
        Assert.Equal(v6.Zip(v4).SelectMany(pair => new[] { pair.First, pair.Second }).Take(16), Dialled);

        static IPAddress[] Many(string prefix) => [.. Enumerable.Range(1, 12).Select(i => IPAddress.Parse(prefix + i))];
    }

    private IEnumerable<IPAddress> Dialled => _attempts.Select(attempt => attempt.Address);

    private Task<Attempt> RunAsync(IPAddress[] addresses, bool isDeaf = false, CancellationToken stop = default)
    {
        var race = new AddressRace<Attempt>((address, over) =>
        {
            var attempt = new Attempt(address, isDeaf, over);
            _attempts = [.. _attempts, attempt];
            return attempt.Ended;
        }, _time);
        return race.RunAsync(addresses, stop);
    }

    private async Task PassAsync(TimeSpan time, int? dialled = null)
    {
        // The clock of the address before is set once it is dialled.
        await EventuallyAsync(() => _time.Pending == 1);
        _time.Advance(time);
        if (dialled is { } expected) await DialledAsync(expected);
    }

    private Task DialledAsync(int expected) => EventuallyAsync(() => _attempts.Length == expected);

    private static async Task EventuallyAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>A dial that ends as the test says.</summary>
    private sealed class Attempt : IAsyncDisposable
    {
        private readonly TaskCompletionSource<Attempt> _end = new();
        private readonly CancellationToken _over;

        public Attempt(IPAddress address, bool isDeaf, CancellationToken over)
        {
            (Address, _over) = (address, over);
            if (!isDeaf) over.Register(() => _end.TrySetCanceled(over));
        }

        public IPAddress Address { get; }

        public Task<Attempt> Ended => _end.Task;

        public bool IsOpen { get; private set; }

        public bool WasToldToStop => _over.IsCancellationRequested;

        public void Answer()
        {
            IsOpen = true;
            _end.SetResult(this);
        }

        public void Fail(string fault) => _end.SetException(new IOException(fault));

        public ValueTask DisposeAsync()
        {
            IsOpen = false;
            return ValueTask.CompletedTask;
        }
    }
}
