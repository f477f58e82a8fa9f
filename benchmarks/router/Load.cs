using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Gateway.UnitTests.Router;

namespace Gateway.RouterBenchmark;

/// <summary>Visitors of one kind, a blocking thread for each.</summary>
internal static class Load
{
    private const int Chunk = 256 * 1024;
    private const int Message = 64;

    /// <summary>What nobody looks at is taken without a copy (MSG_TRUNC, tcp(7)): it is the proxy that is measured.</summary>
    public const SocketFlags Unseen = SocketFlags.Truncated;

    /// <summary>Runs for a while. The answer is "amount p50-microseconds p99-microseconds": bytes for bulk, else how many times.</summary>
    public static string Run(string kind, IPEndPoint to, TimeSpan time, int clients, TextWriter output)
    {
        if (kind == "idle") return Idle(to, time, clients, output);
        var end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        var visitors = Enumerable.Range(0, clients).Select(_ => new Visitor(kind, to, end)).ToArray();
        foreach (var visitor in visitors) visitor.Thread.Join();
        var waits = visitors.SelectMany(visitor => visitor.Waits).Order().ToArray();
        return string.Create(CultureInfo.InvariantCulture, $"{visitors.Sum(visitor => visitor.Amount)} {At(waits, 0.5)} {At(waits, 0.99)}");
    }

    /// <summary>Opens connections and keeps them open for the time; the script looks at the proxy meanwhile.</summary>
    private static string Idle(IPEndPoint to, TimeSpan time, int clients, TextWriter output)
    {
        var open = Enumerable.Range(0, clients).Select(_ => Visitor.Open("hello", to)).ToList();
        foreach (var socket in open) socket.Receive(new byte[1]);
        output.WriteLine("open");
        output.Flush();
        using var wait = new ManualResetEventSlim();
        wait.Wait(time);
        foreach (var socket in open) socket.Dispose();
        return "closed";
    }

    private static double At(double[] sorted, double part) => sorted.Length == 0 ? 0 : Math.Round(sorted[(int)(part * (sorted.Length - 1))], 1);

    private sealed class Visitor
    {
        private readonly string _kind;
        private readonly IPEndPoint _to;
        private readonly long _end;
        private EndPoint? _local;

        public Visitor(string kind, IPEndPoint to, long end)
        {
            (_kind, _to, _end) = (kind, to, end);
            Thread = new Thread(Visit);
            Thread.Start();
        }

        public Thread Thread { get; }

        public long Amount { get; private set; }

        public List<double> Waits { get; } = [];

        private bool IsTime => Stopwatch.GetTimestamp() < _end;

        public static Socket Open(string kind, IPEndPoint to)
        {
            var socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 10_000 };
            socket.Connect(to);
            if (kind == "handshake") Handshakes.Visit(socket);
            else socket.Send(Hello.For($"{kind}.bench"));
            return socket;
        }

        private void Visit()
        {
            try
            {
                if (_kind is "hello" or "handshake") Connect();
                else if (_kind == "echo") Talk();
                else Carry();
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                // By its port the visitor is found in the logs of whoever was in between.
                Complaints.Tell($"a visitor ({_kind}, {_local}) broke after {Amount}: {e.Message}");
                Environment.Exit(1);
            }
        }

        private Socket Open()
        {
            var socket = Open(_kind, _to);
            _local = socket.LocalEndPoint;
            return socket;
        }

        private static int Receive(Socket socket, Span<byte> into)
        {
            var read = socket.Receive(into);
            return read > 0 ? read : throw new IOException("the connection was ended");
        }

        private void Connect()
        {
            var one = new byte[1];
            while (IsTime)
            {
                var began = Stopwatch.GetTimestamp();
                using var socket = Open();
                if (_kind == "hello") socket.Receive(one);
                Waits.Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds);
                Amount++;
                // A reset instead of a close: tens of thousands of ports must not wait in TIME_WAIT.
                socket.LingerState = new LingerOption(true, 0);
            }
        }

        private void Talk()
        {
            using var socket = Open();
            var message = new byte[Message];
            Receive(socket, message.AsSpan(0, 1));
            while (IsTime)
            {
                var began = Stopwatch.GetTimestamp();
                socket.Send(message);
                for (var read = 0; read < Message;) read += Receive(socket, message.AsSpan(read));
                Waits.Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds);
                Amount++;
            }
        }

        private void Carry()
        {
            using var socket = Open();
            var chunk = new byte[Chunk];
            while (IsTime) Amount += _kind == "down" ? socket.Receive(chunk, Unseen) : socket.Send(chunk);
            socket.LingerState = new LingerOption(true, 0);
        }
    }
}
