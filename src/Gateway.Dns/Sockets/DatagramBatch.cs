using System.Net.Sockets;
using System.Runtime.InteropServices;
using static Gateway.Dns.Sockets.DatagramCalls;

namespace Gateway.Dns.Sockets;

/// <summary>
/// Room for a batch of datagrams outside the managed heap, where the kernel may write while the collector moves things. An answer
/// goes back with the same control message that came with the query, so that it leaves from the address that was asked. Answers
/// to one client socket leave as one message that the kernel cuts into datagrams again (udp(7), UDP_SEGMENT): the way through
/// its network stack is walked once for all of them.
/// </summary>
internal sealed unsafe class DatagramBatch : IDisposable
{
    /// <summary>Datagrams of one batch: more gain little, and the last one waits for all before it.</summary>
    public const int Size = 128;

    /// <summary>Octets of the longest query that is read; what is cut off makes the query malformed.</summary>
    public const int LongestQuery = 4_096;

    // Not a power of two: the first lines of all queries would compete for the same few places of the processor's cache.
    private const int QuerySpace = LongestQuery + 192;

    private const int AddressSpace = 32;

    // One for the address that was asked (40 octets at most), one for the length of segments.
    private const int ControlSpace = 64;

    /// <summary>Octets of the longest datagram that is sent as a segment: longer ones may not fit the path, and then none would be cut.</summary>
    private const int LongestSegment = 1_232;

    /// <summary>Segments of one message: as many as fit into an IP packet at their longest; kernels before 6.9 take 64 at most.</summary>
    private const int MostSegments = 48;

    private readonly int _answerSpace;
    private readonly byte* _memory;
    private readonly Message* _received;
    private readonly Message* _toSend;
    private readonly DatagramCalls.Buffer* _outgoing;
    private readonly byte* _queries;
    private readonly byte* _answers;
    private readonly SameClient _clients = new();
    private bool _segments = true;

    /// <param name="answerSpace">Octets of the longest answer.</param>
    public DatagramBatch(int answerSpace)
    {
        _answerSpace = answerSpace;
        var heads = 2 * Size * (sizeof(Message) + sizeof(DatagramCalls.Buffer));
        _memory = (byte*)NativeMemory.AllocZeroed((nuint)(heads + (Size * (QuerySpace + answerSpace + AddressSpace + ControlSpace))));
        _received = (Message*)_memory;
        _toSend = _received + Size;
        var buffers = (DatagramCalls.Buffer*)(_toSend + Size);
        _queries = _memory + heads;
        _answers = _queries + (Size * QuerySpace);
        var addresses = _answers + (Size * answerSpace);
        for (var i = 0; i < Size; i++)
        {
            buffers[i] = new() { Start = _queries + (i * QuerySpace), Length = LongestQuery };
            _received[i] = new() { Address = addresses + (i * AddressSpace), Buffers = buffers + i, BufferCount = 1, Control = addresses + (Size * AddressSpace) + (i * ControlSpace) };
        }

        _outgoing = buffers + Size;
        _clients.Clear();
    }

    /// <summary>Answers that wait to be sent.</summary>
    public int Ready { get; private set; }

    /// <summary>Octets of a query whose length did not fit are given as longer than they are: their reader refuses them.</summary>
    public ReadOnlySpan<byte> Query(int i) => new(_received[i].Buffers->Start, (int)_received[i].Length);

    /// <summary>The client's address: 4 or 16 octets.</summary>
    public ReadOnlySpan<byte> ClientAddress(int i) =>
        *(ushort*)_received[i].Address == (ushort)AddressFamily.InterNetwork ? new(_received[i].Address + 4, 4) : new(_received[i].Address + 8, 16);

    /// <summary>Where the next answer is written.</summary>
    public Span<byte> AnswerSpace => new(_answers + (Ready * _answerSpace), _answerSpace);

    /// <summary>Makes what was written to <see cref="AnswerSpace"/> the answer to query <paramref name="i"/>.</summary>
    public void Answer(int i, int length)
    {
        _clients.Add(_received + i, length);
        Ready++;
    }

    /// <summary>Where the answer to query <paramref name="i"/> goes when it comes after the batch is gone.</summary>
    public ReturnAddress ReturnAddressOf(int i) => new(
        new ReadOnlySpan<byte>(_received[i].Address, (int)_received[i].AddressLength).ToArray(),
        new ReadOnlySpan<byte>(_received[i].Control, (int)_received[i].ControlLength).ToArray());

    /// <summary>Waits for at least one datagram, as long as the socket's own time limit says. Returns how many came; 0 or less for none.</summary>
    public int Receive(SafeSocketHandle socket)
    {
        for (var i = 0; i < Size; i++)
        {
            _received[i].AddressLength = AddressSpace;
            _received[i].ControlLength = ControlSpace;
        }

        Ready = 0;
        _clients.Clear();
        return DatagramCalls.Receive(socket, _received, Size, WaitForOne, null);
    }

    /// <summary>Sends the answers. One that cannot be sent is given up, as a lost datagram is. Returns how many went.</summary>
    public int Send(SafeSocketHandle socket)
    {
        var messages = Pack();
        int at = 0, lost = 0;
        while (at < messages)
        {
            var sent = DatagramCalls.Send(socket, _toSend + at, (uint)(messages - at), 0);
            if (sent <= 0) lost += SendApart(socket, _toSend + at);
            at += Math.Max(sent, 1);
        }

        return Ready - lost;
    }

    /// <summary>Makes messages of the answers. Returns how many.</summary>
    private int Pack()
    {
        int messages = 0, buffers = 0;
        for (var client = 0; client < _clients.Clients; client++)
        {
            for (var answer = _clients.First(client); answer >= 0;)
            {
                var message = _toSend + messages++;
                var query = _clients.Query(answer);
                *message = new() { Address = query->Address, AddressLength = query->AddressLength, Buffers = _outgoing + buffers, Control = query->Control, ControlLength = query->ControlLength };
                answer = Fill(message, answer);
                buffers += (int)message->BufferCount;
            }
        }

        return messages;
    }

    /// <summary>Puts an answer, and those after it that may be segments beside it, into a message. Returns the next answer of the client, or -1.</summary>
    private int Fill(Message* message, int answer)
    {
        var segment = _clients.Length(answer);
        int last;
        // All segments have the same length, but for the last one, which may be shorter.
        do
        {
            last = _clients.Length(answer);
            message->Buffers[message->BufferCount++] = new() { Start = _answers + (answer * _answerSpace), Length = (nuint)last };
            answer = _clients.Next(answer);
        }
        while (answer >= 0 && _segments && last == segment && segment <= LongestSegment && message->BufferCount < MostSegments);
        if (message->BufferCount > 1) message->ControlLength += SegmentControl.Write(message->Control + message->ControlLength, (ushort)segment);
        return answer;
    }

    /// <summary>Sends the parts of a message that was refused, each by itself. Returns how many were lost.</summary>
    private int SendApart(SafeSocketHandle socket, Message* refused)
    {
        if (refused->BufferCount == 1) return 1;
        // A device or a path that cannot cut segments is not asked again.
        if (Marshal.GetLastPInvokeError() is InvalidArgument or InputOutputError) _segments = false;
        var lost = 0;
        for (nuint i = 0; i < refused->BufferCount; i++)
        {
            var part = *refused;
            part.Buffers = refused->Buffers + i;
            part.BufferCount = 1;
            part.ControlLength -= SegmentControl.Space;
            if (DatagramCalls.Send(socket, &part, 1, 0) <= 0) lost++;
        }

        return lost;
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.Free(_memory);
}
