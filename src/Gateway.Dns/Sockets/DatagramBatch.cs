using System.Net.Sockets;
using System.Runtime.InteropServices;
using static Gateway.Dns.Sockets.DatagramCalls;

namespace Gateway.Dns.Sockets;

/// <summary>
/// Room for a batch of datagrams outside the managed heap, where the kernel may write while the collector moves things. An answer
/// goes back with the same control message that came with the query, so that it leaves from the address that was asked.
/// </summary>
internal sealed unsafe class DatagramBatch : IDisposable
{
    /// <summary>Datagrams of one batch: more gain little, and the last one waits for all before it.</summary>
    public const int Size = 64;

    /// <summary>Octets of the longest query that is read; what is cut off makes the query malformed.</summary>
    public const int LongestQuery = 4_096;

    private const int AddressSpace = 32;
    private const int ControlSpace = 64;

    private readonly int _answerSpace;
    private readonly byte* _memory;
    private readonly Message* _received;
    private readonly Message* _toSend;
    private readonly byte* _queries;
    private readonly byte* _answers;

    /// <param name="answerSpace">Octets of the longest answer.</param>
    public DatagramBatch(int answerSpace)
    {
        _answerSpace = answerSpace;
        var heads = 2 * Size * (sizeof(Message) + sizeof(DatagramCalls.Buffer));
        _memory = (byte*)NativeMemory.AllocZeroed((nuint)(heads + (Size * (LongestQuery + answerSpace + AddressSpace + ControlSpace))));
        _received = (Message*)_memory;
        _toSend = _received + Size;
        var buffers = (DatagramCalls.Buffer*)(_toSend + Size);
        _queries = _memory + heads;
        _answers = _queries + (Size * LongestQuery);
        var addresses = _answers + (Size * answerSpace);
        for (var i = 0; i < Size; i++)
        {
            buffers[i] = new() { Start = _queries + (i * LongestQuery), Length = LongestQuery };
            buffers[Size + i] = new() { Start = _answers + (i * answerSpace) };
            _received[i] = new() { Address = addresses + (i * AddressSpace), Buffers = buffers + i, BufferCount = 1, Control = addresses + (Size * AddressSpace) + (i * ControlSpace) };
            _toSend[i] = new() { Buffers = buffers + Size + i, BufferCount = 1 };
        }
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
        ref var message = ref _toSend[Ready++];
        message.Address = _received[i].Address;
        message.AddressLength = _received[i].AddressLength;
        message.Control = _received[i].Control;
        message.ControlLength = _received[i].ControlLength;
        message.Buffers->Length = (nuint)length;
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
        return DatagramCalls.Receive(socket, _received, Size, WaitForOne, null);
    }

    /// <summary>Sends the answers. One that cannot be sent is given up, as a lost datagram is. Returns how many went.</summary>
    public int Send(SafeSocketHandle socket)
    {
        int at = 0, lost = 0;
        while (at < Ready)
        {
            var sent = DatagramCalls.Send(socket, _toSend + at, (uint)(Ready - at), 0);
            if (sent <= 0) lost++;
            at += Math.Max(sent, 1);
        }

        return Ready - lost;
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.Free(_memory);
}
