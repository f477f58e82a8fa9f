using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Gateway.Dns.Wire;

namespace Gateway.Dns;

/// <summary>
/// One TCP connection: queries in, answers out, many of each in one read and one write when the client pipelines (RFC 7766
/// section 6.2.1.1). It holds memory for what came alone: none while nothing comes, and none for answers before there is a query to
/// answer, so that slow clients cost little. Every answer from our zones is
/// ready when its query is read; only a transfer makes those after it wait.
/// </summary>
internal sealed partial class TcpVisit : IDisposable
{
    private const int LengthOctets = 2;
    private const int SmallInput = 4_096;

    /// <summary>Answers are sent when so many octets are ready, or when there is nothing more to read.</summary>
    private const int SendAbove = 16_384;

    private readonly Socket _socket;
    private readonly IPAddress _client;
    private readonly byte[] _address;
    private readonly Answering _answering;
    private readonly TcpLimits _limits;
    private readonly Tally _tally;
    private readonly CancellationTokenSource _deadline;
    private byte[] _input = [];
    private byte[] _output = [];
    private int _read;
    private int _written;

    public TcpVisit(Socket socket, IPAddress address, Answering answering, TcpLimits limits)
    {
        (_socket, _client, _answering, _limits) = (socket, address, answering, limits);
        _address = address.GetAddressBytes();
        _tally = answering.Metrics.TcpTally;
        _deadline = new CancellationTokenSource(limits.Idle, answering.Time);
    }

    /// <summary>Answers until the client leaves, says nothing for too long, or the server stops.</summary>
    public async Task RunAsync(CancellationToken cut)
    {
        using var cutting = cut.UnsafeRegister(static deadline => ((CancellationTokenSource)deadline!).Cancel(), _deadline);
        try
        {
            do
            {
                _deadline.CancelAfter(_limits.Idle + Patience);
                await _socket.ReceiveAsync(Memory<byte>.Empty, _deadline.Token);
            }
            while (await AnswerWhatComesAsync());
            // A client that has asked everything may close its half, and still gets its answers.
            _deadline.CancelAfter(_limits.Stall + Patience);
            await AwaitForwardedAsync();
        }
        finally
        {
            await _deadline.CancelAsync();
            await AwaitForwardedAsync();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Return();
        _transfer?.Dispose();
        _sending.Dispose();
        _deadline.Dispose();
    }

    /// <summary>Answers until every query that came is answered. False when the client sends no more.</summary>
    private async Task<bool> AnswerWhatComesAsync()
    {
        _input = ArrayPool<byte>.Shared.Rent(SmallInput);
        _deadline.CancelAfter(_limits.Stall);
        do
        {
            var count = await _socket.ReceiveAsync(_input.AsMemory(_read), _deadline.Token);
            if (count == 0) return false;
            _read += count;
            while (AnswerFrames())
            {
                await SendAsync();
                await SendTransferAsync();
                await AwaitRoomAsync();
            }

            await SendAsync();
            // While the rest of a query is awaited, only what came of it is held.
            ReturnOutput();
        }
        while (_read > 0);
        Return();
        return true;
    }

    private async Task SendAsync()
    {
        if (_written == 0) return;
        _deadline.CancelAfter(_limits.Stall);
        await _sending.WaitAsync(_deadline.Token);
        try
        {
            for (var at = 0; at < _written;)
            {
                // A client that reads is alive: it gets its time anew for each piece.
                _deadline.CancelAfter(_limits.Stall);
                at += await _socket.SendAsync(_output.AsMemory(at, Math.Min(_written - at, SendAbove)), _deadline.Token);
            }
        }
        finally
        {
            _sending.Release();
        }

        _written = 0;
    }

    /// <summary>Answers whole queries until there is none left, or enough to send. True in the latter case.</summary>
    private bool AnswerFrames()
    {
        var at = 0;
        while (_transfer is null && !IsFull && _written < SendAbove && TryFrame(at, out var length))
        {
            Answer(_input.AsSpan(at + LengthOctets, length));
            at += LengthOctets + length;
        }

        _input.AsSpan(at, _read - at).CopyTo(_input);
        _read -= at;
        Grow();
        return _transfer is not null || IsFull || _written >= SendAbove;
    }

    private bool TryFrame(int at, out int length)
    {
        length = _read - at >= LengthOctets ? Octets.Read16(_input, at) : 0;
        return _read - at >= LengthOctets + length && _read - at >= LengthOctets;
    }

    private void Answer(ReadOnlySpan<byte> query)
    {
        if (_output.Length == 0) _output = ArrayPool<byte>.Shared.Rent(SendAbove + LengthOctets + Responder.LongestMessage);
        var recursion = _answering.Forwarder?.Serves(_address) ?? false;
        var client = new Client(_address, overTcp: true, (uint)_answering.Time.GetUtcNow().ToUnixTimeSeconds(), recursion);
        if (TryTransfer(query, client.Now)) return;
        var began = _answering.Time.GetTimestamp();
        var space = _output.AsSpan(_written + LengthOctets, Responder.LongestMessage);
        var length = _answering.Responder.Respond(query, space, _answering.Zones, client, out var verdict);
        if (verdict.Forwardable) length = Forward(query, space, client, ref verdict);
        _tally.CountShared(length, verdict);
        if (!verdict.Forwardable) _tally.Latency.AddShared(_answering.Time.GetElapsedTime(began));
        _answering.Log?.Write(query, client, verdict, length);
        if (length > 0) Frame(length);
    }

    // The answer stands where it belongs already; its length goes before it.
    private void Frame(int length)
    {
        Octets.Write16(_output, _written, length);
        _written += LengthOctets + length;
    }

    // A query longer than the small buffer is legal, and rare: room is made as it comes, and not because its length was announced.
    private void Grow()
    {
        if (_read < _input.Length || LengthOctets + Octets.Read16(_input, 0) <= _input.Length) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(2 * _input.Length, LengthOctets + Responder.LongestMessage));
        _input.AsSpan(0, _read).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_input);
        _input = larger;
    }

    private void ReturnOutput()
    {
        if (_output.Length > 0) ArrayPool<byte>.Shared.Return(_output);
        (_output, _written) = ([], 0);
    }

    private void Return()
    {
        if (_input.Length > 0) ArrayPool<byte>.Shared.Return(_input);
        (_input, _read) = ([], 0);
        ReturnOutput();
    }
}
