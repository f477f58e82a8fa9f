using Gateway.Transport;
using Gateway.Transport.Yamux;
using Xunit;

namespace Gateway.UnitTests.Transport.Yamux;

/// <summary>
/// Two sessions, any schedule: streams from both sides, any lengths in any pieces, over a carrier that cuts everything anywhere.
/// What arrives is what was sent, no rule is broken on the wire, and nothing is left over.
/// </summary>
public sealed class YamuxScheduleTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static TheoryData<int> Seeds() => new(Enumerable.Range(1, 40));

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Every_schedule_carries_every_byte(int seed)
    {
        var random = new Random(seed);
        var model = new CreditModel();
        var piece = Pick(random, 3, 100, 5_000, 70_000);
        var (left, right) = MemoryDuplex.Pair(seed, largest: piece, capacity: Pick(random, 1_000, 20_000, 300_000));
        await using var client = new YamuxSession(model.Watch(left, true), YamuxRole.Client, YamuxOptions.Default, TimeProvider.System);
        await using var server = new YamuxSession(model.Watch(right, false), YamuxRole.Server, YamuxOptions.Default, TimeProvider.System);
        Task[] running = [client.RunAsync(CancellationToken.None), server.RunAsync(CancellationToken.None)];

        Task[] accepting = [AcceptAllAsync(client, seed), AcceptAllAsync(server, seed)];
        await Task.WhenAll(Enumerable.Range(0, random.Next(1, 30)).Select(i => OpenAsync(i % 2 == 0 ? client : server, new Random((seed * 1000) + i), piece * 300))).WaitAsync(Patience);
        await UntilAsync(() => client.Streams == 0 && server.Streams == 0);

        Assert.Empty(model.Breaches);
        Assert.Equal(0, client.Budget.Used);
        Assert.Equal(0, server.Budget.Used);
        Assert.True(client.IsOpen && server.IsOpen);
        await client.DisposeAsync();
        await Task.WhenAll([.. running, .. accepting]).WaitAsync(Patience);
    }

    // Opens a stream, sends a random length and checks that the same comes back turned over; or breaks it off half-way.
    private static async Task OpenAsync(YamuxSession session, Random random, int most)
    {
        await using var stream = (await session.OpenAsync(CancellationToken.None))!;
        var length = Math.Min(most, Pick(random, 0, 1, 5_000, 300_000, 1_000_000));
        var breaksOff = random.Next(5) == 0;
        var sending = SendAsync(stream, stream.Id, length, random, breaksOff);
        var (read, broken) = await ReceiveAsync(stream, stream.Id, ~0, random, random.Next(5) == 0 ? random.Next(100_000) : int.MaxValue);
        await sending;
        if (!broken && !breaksOff) Assert.Equal(length, read);
    }

    private static async Task AcceptAllAsync(YamuxSession session, int seed)
    {
        var visits = new List<Task>();
        while (await session.AcceptAsync(CancellationToken.None) is { } stream) visits.Add(EchoAsync(stream, new Random(seed + (int)stream.Id)));
        await Task.WhenAll(visits);
    }

    private static async Task EchoAsync(YamuxStream stream, Random random)
    {
        await using var _ = stream;
        try
        {
            var buffer = new byte[random.Next(1, 40_000)];
            while (await stream.ReadAsync(buffer, CancellationToken.None) is > 0 and var read)
            {
                for (var i = 0; i < read; i++) buffer[i] = (byte)~buffer[i];
                await stream.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None);
                if (random.Next(4) == 0) await Task.Yield();
            }
            await stream.EndAsync(CancellationToken.None);
        }
        catch (IOException)
        {
            // The other side broke it off.
        }
    }

    private static async Task SendAsync(Duplex stream, uint id, int length, Random random, bool breaksOff)
    {
        var at = 0;
        try
        {
            while (at < length)
            {
                if (breaksOff && random.Next(10) == 0)
                {
                    stream.Reset();
                    return;
                }
                var piece = new byte[Math.Min(length - at, random.Next(1, 100_000))];
                for (var i = 0; i < piece.Length; i++) piece[i] = Pattern(id, at + i);
                await stream.WriteAsync(piece, CancellationToken.None);
                at += piece.Length;
            }
            await stream.EndAsync(CancellationToken.None);
        }
        catch (IOException)
        {
            // Reset by the reading half of this test.
        }
    }

    private static async Task<(int Read, bool Broken)> ReceiveAsync(Duplex stream, uint id, int mask, Random random, int stopsAt)
    {
        var buffer = new byte[random.Next(1, 100_000)];
        var at = 0;
        try
        {
            while (await stream.ReadAsync(buffer, CancellationToken.None) is > 0 and var read)
            {
                for (var i = 0; i < read; i++)
                    if (buffer[i] != (byte)(Pattern(id, at + i) ^ mask)) Assert.Fail($"stream {id}, byte {at + i}");
                at += read;
                if (at >= stopsAt) stream.Reset();
            }
            return (at, false);
        }
        catch (IOException)
        {
            return (at, true);
        }
    }

    private static byte Pattern(uint id, int at) => (byte)((at * 31) + (at >> 8) + (int)id);

    private static int Pick(Random random, params int[] choices) => choices[random.Next(choices.Length)];

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var i = 0; !holds(); i++)
        {
            Assert.True(i < 2_000, "it did not come to rest");
            await Task.Delay(10);
        }
    }
}
