using Gateway.IntegrationTests.Support;
using Gateway.Transport;
using Gateway.Transport.Yamux;
using Xunit;

namespace Gateway.IntegrationTests.Transport;

/// <summary>Alone, because it counts what the whole process allocates: the loops of a session run on many threads.</summary>
[Collection(nameof(Router.AloneCollection))]
public sealed class YamuxAllocationTests
{
    private const int Frames = 50_000;
    private const int Times = 3;

    // Windows that do not grow: growing rings are taken from a pool, but the first of each size is made.
    private static readonly YamuxOptions Fixed = new() { MaxWindow = 256 * 1024 };

    [Fact]
    public async Task A_frame_allocates_nothing()
    {
        var (far, near) = await Loopback.PairAsync();
        await using var client = new YamuxSession(new SocketDuplex(far), YamuxRole.Client, Fixed, TimeProvider.System);
        await using var server = new YamuxSession(near, YamuxRole.Server, Fixed, TimeProvider.System);
        Task[] running = [client.RunAsync(Deadline.Generous), server.RunAsync(Deadline.Generous)];
        await using var writer = (await client.OpenAsync(Deadline.Generous))!;
        await using var reader = (await server.AcceptAsync(Deadline.Generous))!;
        // Outside of the test framework's synchronization context, which allocates for every continuation.
        await Task.Run(() => CarryAsync(writer, reader, Frames));

        // What earlier tests left behind may still end beside the first; a frame that allocates does so every time.
        var each = double.MaxValue;
        for (var i = 0; i < Times; i++) each = Math.Min(each, await Task.Run(() => AllocatedAsync(writer, reader)));
        // The test's own tasks and a timer now and then; a header or an array per frame would be more than 24 bytes.
        Assert.True(each < 8, $"{each} bytes were allocated per frame");

        await client.DisposeAsync();
        await Task.WhenAll(running);
    }

    private static async Task<double> AllocatedAsync(Duplex writer, Duplex reader)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await CarryAsync(writer, reader, Frames);
        return (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Frames;
    }

    private static async Task CarryAsync(Duplex writer, Duplex reader, int frames)
    {
        var writing = WriteAsync(writer, frames);
        var buffer = new byte[4096];
        for (long left = frames * 1000L; left > 0;) left -= await reader.ReadAsync(buffer, CancellationToken.None);
        await writing;
    }

    private static async Task WriteAsync(Duplex writer, int frames)
    {
        var bytes = new byte[1000];
        for (var i = 0; i < frames; i++) await writer.WriteAsync(bytes, CancellationToken.None);
    }
}
