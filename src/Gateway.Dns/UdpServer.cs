using System.Net;
using System.Net.Sockets;
using Gateway.Dns.Sockets;
using Gateway.Dns.Wire;
using Gateway.Transport;
using Microsoft.Extensions.Logging;

namespace Gateway.Dns;

/// <summary>
/// Queries by UDP at one address: one socket and one thread for each core (SO_REUSEPORT), batches in and batches out. It owns its
/// sockets and threads, and ends both within a second of being told.
/// </summary>
internal sealed partial class UdpServer : IDisposable
{
    /// <summary>How long a thread waits for a datagram before it looks whether it shall stop.</summary>
    private const int PatienceMilliseconds = 200;

    private const int SocketLevel = 1;
    private const int ReusePort = 15;
    private const int PacketInfoIPv4 = 8;
    private const int PacketInfoIPv6 = 49;
    private const int IPv6Level = 41;
    private const int PathMtuIPv4 = 10;
    private const int PathMtuIPv6 = 23;
    private const int ProbePathMtu = 3;

    /// <summary>Octets of an answer that passes every network whole (DNS flag day 2020).</summary>
    private const int UnfragmentedAnswer = 1_232;

    /// <summary>Octets in the kernel for queries that wait; the kernel cuts it to what the operator allows.</summary>
    private const int ReceiveBuffer = 4 * 1024 * 1024;

    private readonly List<Socket> _sockets = [];
    private readonly Answering _answering;
    private readonly ILogger _log;
    private readonly int _answerSpace;
    private readonly int _gatherMicroseconds;

    public UdpServer(Answering answering, DnsOptions options, ILogger log) =>
        (_answering, _answerSpace, _gatherMicroseconds, _log) = (answering, options.UdpSize, options.UdpGather, log);

    /// <summary>Binds one socket for each thread. On false, <paramref name="fault"/> says why, and nothing is bound.</summary>
    public bool TryBind(IPEndPoint endpoint, int threads, out string fault)
    {
        fault = "";
        try
        {
            for (var i = 0; i < threads; i++)
            {
                var socket = new Socket(endpoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
                _sockets.Add(socket);
                socket.SetRawSocketOption(SocketLevel, ReusePort, BitConverter.GetBytes(1));
                if (endpoint.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = false;
                Prepare(socket, endpoint);
                socket.Bind(endpoint);
            }

            return true;
        }
        catch (SocketException e)
        {
            fault = Listening.Explain(endpoint, e, ProtocolType.Udp);
            Dispose();
            return false;
        }
    }

    /// <summary>
    /// Takes a socket that is bound already, and owns it from now on. Its threads share its one queue: a second socket on the
    /// same port is not ours to open.
    /// </summary>
    public void Take(Socket socket, int threads)
    {
        _sockets.Add(socket);
        while (_sockets.Count < threads) _sockets.Add(Listening.Duplicate(socket));
        foreach (var each in _sockets) Prepare(each, (IPEndPoint)socket.LocalEndPoint!);
    }

    /// <summary>Answers until told to stop.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(_sockets.ConvertAll(socket => StartThread(socket, stop)));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var socket in _sockets) socket.Dispose();
        _sockets.Clear();
    }

    private void Prepare(Socket socket, IPEndPoint bound)
    {
        socket.ReceiveBufferSize = ReceiveBuffer;
        socket.SendBufferSize = ReceiveBuffer;
        socket.ReceiveTimeout = PatienceMilliseconds;
        var isIPv4 = socket.AddressFamily == AddressFamily.InterNetwork;
        // Never in fragments, and deaf to whoever claims that the path is narrow (RFC 9715 section 3.1), unless the operator wants long answers.
        if (_answerSpace <= UnfragmentedAnswer)
            socket.SetRawSocketOption(isIPv4 ? 0 : IPv6Level, isIPv4 ? PathMtuIPv4 : PathMtuIPv6, BitConverter.GetBytes(ProbePathMtu));
        // A socket of one address answers from it anyway.
        if (!bound.Address.Equals(IPAddress.Any) && !bound.Address.Equals(IPAddress.IPv6Any)) return;
        // Otherwise the kernel tells which of our addresses was asked, and takes it back as the source of the answer.
        socket.SetRawSocketOption(isIPv4 ? 0 : IPv6Level, isIPv4 ? PacketInfoIPv4 : PacketInfoIPv6, BitConverter.GetBytes(1));
    }

    private Task StartThread(Socket socket, CancellationToken stop)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                Serve(socket, stop);
            }
            finally
            {
                socket.Dispose();
                ended.SetResult();
            }
        })
        { Name = "dns udp", IsBackground = true };
        thread.Start();
        return ended.Task;
    }

    private void Serve(Socket socket, CancellationToken stop)
    {
        using var batch = new DatagramBatch(_answerSpace);
        var tally = _answering.Metrics.OpenTally("udp");
        var gathering = new Gathering();
        while (!stop.IsCancellationRequested)
        {
            var count = batch.Receive(socket.SafeHandle);
            if (count <= 0) continue;
            // One look at the clock for a whole batch: its answers leave together.
            var began = _answering.Time.GetTimestamp();
            var now = _answering.Time.GetUtcNow().ToUnixTimeMilliseconds();
            for (var i = 0; i < count; i++) Answer(socket, batch, i, now, tally);
            if (batch.Ready > 0) tally.Lost += batch.Ready - batch.Send(socket.SafeHandle);
            tally.FlushZone();
            tally.Latency.Add(_answering.Time.GetElapsedTime(began), count);
            if (_gatherMicroseconds > 0 && gathering.Pauses(count)) DatagramCalls.Pause(_gatherMicroseconds);
        }
    }

    private void Answer(Socket socket, DatagramBatch batch, int i, long now, Tally tally)
    {
        var address = batch.ClientAddress(i);
        var client = new Client(address, overTcp: false, (uint)(now / 1000), _answering.Forwarder?.Serves(address) ?? false);
        var space = batch.AnswerSpace;
        try
        {
            var length = _answering.Responder.Respond(batch.Query(i), space, _answering.Zones, client, out var verdict);
            if (verdict.Forwardable) length = Forward(socket, batch, i, client, ref verdict);
            tally.Count(length, verdict);
            if (length > 0 && _answering.Limit is { } limit && !verdict.Trusted) length = Limit(limit, client, verdict, now, space, length, tally);
            if (length > 0) batch.Answer(i, length);
            _answering.Log?.Write(batch.Query(i), client, verdict, length);
        }
#pragma warning disable CA1031 // The boundary of one query: a defect in answering it must not silence the others.
        catch (Exception e)
#pragma warning restore CA1031
        {
            tally.Defects++;
            QueryDefect(_log, Convert.ToHexString(batch.Query(i)), e);
        }
    }

    /// <summary>Hands a query over; its response goes out later, from the address that was asked. Returns the length of the failure that is to be sent now, or 0.</summary>
    private int Forward(Socket socket, DatagramBatch batch, int i, in Client client, ref Verdict verdict)
    {
        var (back, handle) = (batch.ReturnAddressOf(i), socket.SafeHandle);
        if (_answering.Forwarder!.TryTake(batch.Query(i), client.Address, overTcp: false, response => back.TrySend(handle, response))) return 0;
        verdict = verdict with { Rcode = Rcode.ServFail };
        return _answering.Responder.Fail(batch.Query(i), batch.AnswerSpace, client);
    }

    private static int Limit(RateLimit limit, in Client client, in Verdict verdict, long now, Span<byte> answer, int length, Tally tally)
    {
        switch (limit.Admit(client.Address, verdict, now))
        {
            case Admission.Answer:
                return length;
            case Admission.Slip:
                tally.Slipped++;
                return Responder.Slip(answer, length);
            default:
                tally.Dropped++;
                return 0;
        }
    }

    [LoggerMessage(2001, LogLevel.Error, "A defect: the query {Query} could not be answered")]
    private static partial void QueryDefect(ILogger log, string query, Exception e);
}
