namespace Gateway.Transport.Polling;

/// <summary>Work that runs on a poller's thread, a bounded piece at a time.</summary>
internal interface IPollWork
{
    /// <summary>In a round's list already.</summary>
    bool IsQueued { get; set; }

    /// <summary>Its place among those that are swept; -1: none.</summary>
    int SweepIndex { get; set; }

    /// <summary>What <see cref="Poller.Post"/> asked for.</summary>
    void OnPosted();

    /// <summary>Does a bounded piece. True: more can be done at once.</summary>
    bool Work();

    /// <summary>Looks at the clock, about once a second.</summary>
    void Sweep();
}

/// <summary>
/// What is to be done before the next wait, and what is to be looked at now and then. Each piece of work has a bound, and what is
/// not through goes to the end of the next round, so that no connection waits for another's gigabyte.
/// </summary>
internal sealed class PollRounds
{
    private const int MostPasses = 4;

    private static readonly TimeSpan SweepEvery = TimeSpan.FromMilliseconds(500);

    private readonly List<IPollWork> _swept = [];
    private List<IPollWork> _now = [];
    private List<IPollWork> _next = [];
    private List<IPollWork> _resumed = [];
    private List<IPollWork> _resuming = [];
    private long _sweptAt = TimeProvider.System.GetTimestamp();

    /// <summary>How long the next wait may be, in milliseconds; -1: without end.</summary>
    public int Pause => _next.Count + _resumed.Count > 0 ? 0 : _swept.Count > 0 ? (int)SweepEvery.TotalMilliseconds : -1;

    /// <summary>Does a piece of it in the next round.</summary>
    public void Queue(IPollWork work)
    {
        if (work.IsQueued) return;
        work.IsQueued = true;
        _next.Add(work);
    }

    /// <summary>
    /// Does a piece of it in this very round, once whoever asks has returned: a task that goes on, which as a rule ends or waits
    /// for a socket, and for which another look at the sockets would be a system call for nothing.
    /// </summary>
    public void Resume(IPollWork work)
    {
        if (work.IsQueued) return;
        work.IsQueued = true;
        _resumed.Add(work);
    }

    /// <summary>Sweeps it from now on.</summary>
    public void Watch(IPollWork work)
    {
        work.SweepIndex = _swept.Count;
        _swept.Add(work);
    }

    /// <summary>Sweeps it no more.</summary>
    public void Unwatch(IPollWork work)
    {
        if (work.SweepIndex < 0) return;
        var last = _swept[^1];
        _swept[work.SweepIndex] = last;
        last.SweepIndex = work.SweepIndex;
        _swept.RemoveAt(_swept.Count - 1);
        work.SweepIndex = -1;
    }

    /// <summary>One round.</summary>
    public void Run()
    {
        (_now, _next) = (_next, _now);
        Do(_now);
        // Two tasks that wake each other must not keep the sockets waiting.
        for (var pass = 0; pass < MostPasses && _resumed.Count > 0; pass++)
        {
            (_resuming, _resumed) = (_resumed, _resuming);
            Do(_resuming);
        }
        SweepWhenDue();
    }

    private void Do(List<IPollWork> pieces)
    {
        foreach (var work in pieces)
        {
            work.IsQueued = false;
            if (work.Work()) Queue(work);
        }
        pieces.Clear();
    }

    private void SweepWhenDue()
    {
        if (_swept.Count == 0 || TimeProvider.System.GetElapsedTime(_sweptAt) < SweepEvery) return;
        _sweptAt = TimeProvider.System.GetTimestamp();
        // Backwards: a sweep may take its own work off.
        for (var i = _swept.Count - 1; i >= 0; i--) _swept[i].Sweep();
    }
}
