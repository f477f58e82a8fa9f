using Gateway.Transport.Yamux;
using Gateway.Transport.Yamux.Frames;
using Xunit;

namespace Gateway.UnitTests.Transport.Yamux;

/// <summary>Frames without sense, in any order and damaged: the session lives on or ends with a reason, and holds no more than it may.</summary>
public sealed class SessionFuzzTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly YamuxOptions Small = new() { MaxStreams = 20, Backlog = 8, MaxBuffered = 1 << 20, Farewell = TimeSpan.FromSeconds(1) };

    public static TheoryData<int> Seeds() => new(Enumerable.Range(1, 60));

    [Theory]
    [MemberData(nameof(Seeds))]
    [Trait("adv", "T3")]
    public async Task Senseless_frames_end_the_session_at_most(int seed)
    {
        var random = new Random(seed);
        var (far, near) = MemoryDuplex.Pair(seed, largest: random.Next(1, 3_000));
        await using var session = new YamuxSession(near, seed % 2 == 0 ? YamuxRole.Client : YamuxRole.Server, Small, TimeProvider.System);
        var running = session.RunAsync(CancellationToken.None);
        Task[] others = [UseAsync(session), DrainAsync(far), OpenAsync(session)];

        for (var i = 0; i < 400 && !running.IsCompleted; i++)
        {
            if (!await TrySendAsync(far, Frame(random))) break;
            Assert.InRange(session.Streams, 0, Small.MaxStreams);
            Assert.InRange(session.Budget.Used, 0, Small.MaxBuffered + ReceiveWindow.Initial);
        }
        far.Reset();
        Assert.True(Enum.IsDefined((await running.WaitAsync(Patience)).Reason));
        await Task.WhenAll(others).WaitAsync(Patience);
        Assert.Equal(0, session.Streams);
        Assert.Equal(0, session.Budget.Used);
    }

    private static byte[] Frame(Random random)
    {
        var kind = random.Next(40) == 0 ? (FrameKind)random.Next(256) : (FrameKind)random.Next(3);
        var payload = new byte[kind == FrameKind.Data ? random.Next(0, 5_000) : 0];
        var length = kind == FrameKind.Data ? payload.Length : random.Next(4) == 0 ? random.Next() : random.Next(0, 300_000);
        var stream = kind is FrameKind.Data or FrameKind.WindowUpdate ? 1 + random.Next(40) : 0;
        var frame = new byte[FrameHeader.Size + payload.Length];
        new FrameHeader(kind, random.Next(3) == 0 ? (FrameFlags)random.Next(16) : FrameFlags.None, (uint)stream, (uint)length).Write(frame);
        if (random.Next(60) == 0) frame[random.Next(frame.Length)] ^= (byte)(1 << random.Next(8));
        return frame;
    }

    private static async Task<bool> TrySendAsync(MemoryDuplex far, byte[] frame)
    {
        try
        {
            await far.WriteAsync(frame, CancellationToken.None).AsTask().WaitAsync(Patience);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    // Accepts what comes; reads of every second stream, so that the others fill up.
    private static async Task UseAsync(YamuxSession session)
    {
        var visits = new List<Task>();
        while (await session.AcceptAsync(CancellationToken.None) is { } stream)
            visits.Add(stream.Id % 4 < 2 ? ReadAsync(stream) : HoldAsync(stream));
        await Task.WhenAll(visits);
    }

    private static async Task ReadAsync(YamuxStream stream)
    {
        await using var owned = stream;
        try
        {
            var buffer = new byte[3_000];
            while (await stream.ReadAsync(buffer, CancellationToken.None) is > 0 and var read) await stream.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None);
            await stream.EndAsync(CancellationToken.None);
        }
        catch (IOException)
        {
            // Reset, or the session ended.
        }
    }

    private static async Task HoldAsync(YamuxStream stream)
    {
        await using var owned = stream;
        for (var i = 0; i < 20 && !stream.IsBroken; i++) await Task.Delay(1);
    }

    private static async Task OpenAsync(YamuxSession session)
    {
        while (session.IsOpen)
        {
            if (await session.OpenAsync(CancellationToken.None) is { } stream) await ReadAsync(stream);
            else await Task.Delay(1);
        }
    }

    private static async Task DrainAsync(MemoryDuplex far)
    {
        try
        {
            var buffer = new byte[10_000];
            while (await far.ReadAsync(buffer, CancellationToken.None) > 0)
            {
            }
        }
        catch (IOException)
        {
            // The session is over.
        }
    }
}
