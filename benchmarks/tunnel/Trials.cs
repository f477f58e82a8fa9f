using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Gateway.Model;
using Gateway.Transport;
using Gateway.Transport.Handshakes;
using Gateway.Transport.Yamux;
using Gateway.UnitTests.Router;

namespace Gateway.TunnelBenchmark;

/// <summary>What the visitors of the router's benchmark do not do: stand in the way, come back after a loss, hold many sessions.</summary>
internal static class Trials
{
    /// <summary>Visitors who ask for a stream of bytes and read nothing of it.</summary>
    public static void Stall(IPEndPoint to, TimeSpan time, int count)
    {
        var sockets = Enumerable.Range(0, count).Select(_ => Open("down", to)).ToArray();
        Thread.Sleep(time);
        foreach (var socket in sockets) socket.Close(0);
    }

    /// <summary>
    /// Resets everything on the line, then asks until a visitor is served again, many times; "p50 p99" of the milliseconds between.
    /// </summary>
    public static string Reconnect(IPEndPoint to, IPEndPoint kill, int times)
    {
        var waits = new List<double>();
        for (var i = 0; i < times; i++)
        {
            while (!IsServed(to)) Thread.Sleep(5);
            Cut(kill);
            var lost = Stopwatch.GetTimestamp();
            while (!IsServed(to)) Thread.Sleep(2);
            waits.Add(Stopwatch.GetElapsedTime(lost).TotalMilliseconds);
            // A client that has just come back is not yet one that held: its next retry is not immediate by design.
            Thread.Sleep(TimeSpan.FromSeconds(1));
        }

        waits.Sort();
        return string.Create(CultureInfo.InvariantCulture, $"{waits[waits.Count / 2]:0} {waits[(int)(0.99 * (waits.Count - 1))]:0}");
    }

    /// <summary>
    /// Visitors one after another, and the line cut every second, for so long: "cuts served unserved
    /// longest-milliseconds". Unserved are those who came after the first that was served, and before the cut.
    /// </summary>
    public static string Churn(IPEndPoint to, IPEndPoint kill, TimeSpan time, int visitors)
    {
        var (cuts, served, unserved, longest) = (0, 0, 0, TimeSpan.Zero);
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < time; cuts++)
        {
            Cut(kill);
            var lost = Stopwatch.GetTimestamp();
            while (!IsServed(to)) Thread.Sleep(10);
            if (Stopwatch.GetElapsedTime(lost) is var away && away > longest) longest = away;
            var came = Enumerable.Range(0, visitors).Count(_ => IsServed(to));
            (served, unserved) = (served + came + 1, unserved + visitors - came);
            if (TimeSpan.FromSeconds(1) - Stopwatch.GetElapsedTime(lost) is var rest && rest > TimeSpan.Zero) Thread.Sleep(rest);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{cuts} {served} {unserved} {longest.TotalMilliseconds:0}");
    }

    /// <summary>Holds so many sessions of one secret each way until it is killed; says "up" when all stand.</summary>
    public static async Task SwarmAsync(IPEndPoint to, int count, string secret, TextWriter output)
    {
        for (var i = 0; i < count; i++)
        {
            var session = new YamuxSession(await SocketDuplex.ConnectAsync(to, CancellationToken.None), YamuxRole.Client, YamuxOptions.Default, TimeProvider.System);
            _ = session.RunAsync(CancellationToken.None);
            var (answer, _) = await TunnelHandshake.OfferAsync(session, new TunnelHello(new Secret(secret), $"swarm {i}", ServedTraffic.Any, TunnelFeatures.None), CancellationToken.None);
            if (answer?.Refusal != TunnelRefusal.None) throw new InvalidOperationException($"session {i} was refused: {answer?.Refusal}");
        }

        await output.WriteLineAsync("up");
        await output.FlushAsync();
        await Task.Delay(Timeout.Infinite);
    }

    private static void Cut(IPEndPoint kill)
    {
        using var killer = new Socket(kill.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        killer.Connect(kill);
        // The answer says that it is done.
        killer.Receive(new byte[1]);
    }

    private static bool IsServed(IPEndPoint to)
    {
        try
        {
            using var socket = Open("hello", to);
            var one = new byte[1];
            // A gateway without a tunnel answers as well, with an alert.
            return socket.Receive(one) == 1 && one[0] == (byte)'!';
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static Socket Open(string kind, IPEndPoint to)
    {
        var socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 5_000 };
        socket.Connect(to);
        socket.Send(Hello.For($"{kind}.bench"));
        return socket;
    }
}
