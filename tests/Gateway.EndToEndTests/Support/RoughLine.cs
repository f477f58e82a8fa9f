using System.Diagnostics;
using Gateway.EndToEndTests.Recursors;

namespace Gateway.EndToEndTests.Support;

/// <summary>What a line does to each frame.</summary>
/// <param name="Lost">How many of them it loses, from 0 to 1.</param>
/// <param name="Jitter">How long it delays each at most; as long as chance will, so that some overtake others.</param>
internal sealed record Weather(double Lost, TimeSpan Jitter)
{
    public static Weather Calm { get; } = new(0, TimeSpan.Zero);
}

/// <summary>
/// A line between two networks that this process carries, frame by frame, and so can lose and delay: what netem is for, where a kernel
/// has it.
/// </summary>
internal sealed class RoughLine : IDisposable
{
    /* A frame of Ethernet with its header and a tag. */
    private const int LargestFrame = 1518;

    /* More than 50 ms hold at the rates of these tests; beyond it, frames are lost, as in a router. */
    private const int MostUnderWay = 10_000;

    /* How soon the end is noticed. */
    private const int LongestWait = 50;

    private readonly TapDevice _near;
    private readonly TapDevice _far;
    private readonly Thread[] _ways;
    private volatile bool _isOver;
    private long _lost;
    private volatile Weather _weather = Weather.Calm;

    private RoughLine(TapDevice near, TapDevice far, int seed)
    {
        (_near, _far) = (near, far);
        _ways = [new Thread(() => Carry(near, far, new Random(seed))), new Thread(() => Carry(far, near, new Random(seed + 1)))];
        foreach (var way in _ways) way.Start();
    }

    /// <summary>How many frames were lost.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>The weather from now on.</summary>
    public Weather Weather
    {
        set => _weather = value;
    }

    /// <summary>Joins two networks by a device of this name in each. What is lost and delayed follows from the seed and the traffic.</summary>
    public static async Task<RoughLine> CreateAsync(PrivateNetwork near, PrivateNetwork far, string device, int seed)
    {
        var here = await TapDevice.CreateAsync(near, device);
        try
        {
            return new RoughLine(here, await TapDevice.CreateAsync(far, device), seed);
        }
        catch (Exception)
        {
            here.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _isOver = true;
        foreach (var way in _ways) way.Join();
        _near.Dispose();
        _far.Dispose();
    }

    private void Carry(TapDevice from, TapDevice to, Random chance)
    {
        var underWay = new PriorityQueue<byte[], long>();
        var frame = new byte[LargestFrame];
        while (!_isOver)
        {
            for (var wait = Wait(underWay); from.Waits(wait) && from.Read(frame) is > 0 and var length; wait = 0) Take(frame.AsSpan(0, length), underWay, chance);
            while (underWay.TryPeek(out var next, out var due) && due <= Stopwatch.GetTimestamp())
            {
                underWay.Dequeue();
                to.Write(next);
            }
        }
    }

    private void Take(ReadOnlySpan<byte> frame, PriorityQueue<byte[], long> underWay, Random chance)
    {
        var weather = _weather;
        if (chance.NextDouble() < weather.Lost || underWay.Count >= MostUnderWay) Interlocked.Increment(ref _lost);
        else underWay.Enqueue(frame.ToArray(), Stopwatch.GetTimestamp() + (long)(chance.NextDouble() * weather.Jitter.TotalSeconds * Stopwatch.Frequency));
    }

    // In milliseconds, until the next frame is due.
    private static int Wait(PriorityQueue<byte[], long> underWay)
    {
        if (!underWay.TryPeek(out _, out var due)) return LongestWait;
        return (int)Math.Clamp(Math.Ceiling(Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due).TotalMilliseconds), 0, LongestWait);
    }
}
