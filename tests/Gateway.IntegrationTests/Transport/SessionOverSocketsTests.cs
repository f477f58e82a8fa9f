using System.Net;
using System.Security.Cryptography;
using Gateway.Transport;
using Gateway.Transport.Yamux;
using Xunit;

namespace Gateway.IntegrationTests.Transport;

/// <summary>
/// A session over real sockets sends what is large past its queue and hands what comes to a relay's socket: nothing may be lost, doubled or
/// out of order, whatever the kernel takes at once.
/// </summary>
public sealed class SessionOverSocketsTests
{
    private const int Streams = 8;
    private const int Length = 3 << 20;

    [Fact]
    public async Task What_goes_through_a_session_and_two_relays_is_what_was_sent()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var (near, far) = await PairAsync(deadline.Token);
        await using var client = new YamuxSession(near, YamuxRole.Client, YamuxOptions.Default, TimeProvider.System);
        await using var server = new YamuxSession(far, YamuxRole.Server, YamuxOptions.Default, TimeProvider.System);
        using var over = new CancellationTokenSource();
        Task[] running = [client.RunAsync(over.Token), server.RunAsync(over.Token)];
        await Task.WhenAll(Enumerable.Range(0, Streams).Select(number => CarryAsync(client, server, number, deadline.Token)));
        await over.CancelAsync();
        await Task.WhenAll(running);
    }

    // A visitor's socket, relayed into a stream, relayed to a socket of the service, which sends everything back.
    private static async Task CarryAsync(YamuxSession client, YamuxSession server, int number, CancellationToken stop)
    {
        var stream = await client.OpenAsync(stop);
        Assert.NotNull(stream);
        var other = await server.AcceptAsync(stop);
        Assert.NotNull(other);
        var (visitor, front) = await PairAsync(stop);
        var (service, back) = await PairAsync(stop);
        Task[] relays = [Relay.RunAsync(front, default, stream, RelayOptions.Default, stop), Relay.RunAsync(other, default, back, RelayOptions.Default, stop)];
        var echo = EchoAsync(service, number, stop);
        var sent = SendAsync(visitor, number, stop);
        var received = await DigestAsync(visitor, stop);
        Assert.Equal(await sent, received);
        await echo;
        await Task.WhenAll(relays);
        foreach (var end in (Duplex[])[visitor, front, service, back, stream, other]) await end.DisposeAsync();
    }

    private static async Task<string> SendAsync(SocketDuplex to, int seed, CancellationToken stop)
    {
#pragma warning disable CA5394 // The same bytes and lengths in every run.
        var random = new Random(seed);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var left = Length; left > 0;)
        {
            var piece = new byte[Math.Min(left, random.Next(1, seed % 2 == 0 ? 300_000 : 3_000))];
            random.NextBytes(piece);
            hash.AppendData(piece);
            await to.WriteAsync(piece, stop);
            left -= piece.Length;
        }
#pragma warning restore CA5394
        await to.EndAsync(stop);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static async Task<string> DigestAsync(SocketDuplex from, CancellationToken stop)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[50_000];
        for (int read; (read = await from.ReadAsync(buffer, stop)) > 0;) hash.AppendData(buffer.AsSpan(0, read));
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    // Some services read in small pieces, so that what is before them fills up.
    private static async Task EchoAsync(SocketDuplex service, int number, CancellationToken stop)
    {
        var buffer = new byte[number % 3 == 0 ? 700 : 100_000];
        for (int read; (read = await service.ReadAsync(buffer, stop)) > 0;) await service.WriteAsync(buffer.AsMemory(0, read), stop);
        await service.EndAsync(stop);
    }

    private static async Task<(SocketDuplex Near, SocketDuplex Far)> PairAsync(CancellationToken stop)
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accepting = listener.AcceptSocketAsync(stop);
        var near = await SocketDuplex.ConnectAsync((IPEndPoint)listener.LocalEndpoint, stop);
        return (near, new SocketDuplex(await accepting));
    }
}
