namespace Gateway.UnitTests;

/// <summary>A clock that moves only when told. Its timestamps tick at an odd rate, so that nobody takes them for ticks of DateTime.</summary>
internal sealed class FakeTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<Alarm> _alarms = [];
    private TimeSpan _passed = TimeSpan.FromHours(1);

    public override long TimestampFrequency => 7 * TimeSpan.TicksPerSecond;

    public override long GetTimestamp()
    {
        lock (_gate) return _passed.Ticks * 7;
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate) return new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) + _passed;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, () => callback(state));
        alarm.Change(dueTime, period);
        return alarm;
    }

    /// <summary>How many timers wait to ring.</summary>
    public int Pending
    {
        get
        {
            lock (_gate) return _alarms.Count(alarm => alarm.Due is not null);
        }
    }

    /// <summary>Lets time pass, ringing what falls due in order.</summary>
    public void Advance(TimeSpan by)
    {
        TimeSpan end;
        lock (_gate) end = _passed + by;
        while (TakeNext(end) is { } alarm) alarm.Ring();
        lock (_gate) _passed = end;
    }

    /// <summary>Time passes while nobody runs, as for a process that is suspended: what fell due meanwhile rings afterwards.</summary>
    public void Sleep(TimeSpan by)
    {
        lock (_gate) _passed += by;
        Advance(TimeSpan.Zero);
    }

    private Alarm? TakeNext(TimeSpan end)
    {
        lock (_gate)
        {
            var next = _alarms.Where(alarm => alarm.Due <= end).MinBy(alarm => alarm.Due);
            if (next is null) return null;
            _passed = next.Due!.Value > _passed ? next.Due.Value : _passed;
            next.Due = next.Period > TimeSpan.Zero ? next.Due + next.Period : null;
            return next;
        }
    }

    private sealed class Alarm(FakeTime time, Action ring) : ITimer
    {
        public TimeSpan? Due { get; set; }

        public TimeSpan Period { get; private set; }

        public void Ring() => ring();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                Due = dueTime == Timeout.InfiniteTimeSpan ? null : time._passed + dueTime;
                Period = period == Timeout.InfiniteTimeSpan ? TimeSpan.Zero : period;
                if (!time._alarms.Contains(this)) time._alarms.Add(this);
            }
            return true;
        }

        public void Dispose()
        {
            lock (time._gate) time._alarms.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
