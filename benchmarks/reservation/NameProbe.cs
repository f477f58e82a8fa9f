using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gateway.ReservationBenchmark;

/// <summary>Asks the name server as a resolver would.</summary>
internal sealed class NameProbe : IDisposable
{
    private const int Window = 64;

    private readonly Socket _socket;

    public NameProbe(IPEndPoint server)
    {
        _socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 500, ReceiveBufferSize = 1 << 20 };
        _socket.Connect(server);
    }

    /// <summary>One question and its answer; true when it is NOERROR with 192.0.2.1 alone.</summary>
    public bool Answers(string name)
    {
        Send(name, 0);
        return Receive() is (0, true);
    }

    /// <summary>Asks for every name; gives those that are not answered rightly. A lost datagram is asked once more.</summary>
    public List<string> Wrong(IReadOnlyList<string> names)
    {
        var wrong = new List<string>();
        for (var begin = 0; begin < names.Count; begin += Window)
        {
            var count = Math.Min(Window, names.Count - begin);
            var right = new bool[count];
            for (var i = 0; i < count; i++) Send(names[begin + i], (ushort)i);
            for (var i = 0; i < count; i++)
                if (Receive() is (var id, true) && id < count) right[id] = true;
            for (var i = 0; i < count; i++)
                if (!right[i] && !Answers(names[begin + i])) wrong.Add(names[begin + i]);
        }

        return wrong;
    }

    public void Dispose() => _socket.Dispose();

    private void Send(string name, ushort id)
    {
        Span<byte> message = stackalloc byte[512];
        message.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
        message[5] = 1;
        var at = 12;
        foreach (var label in name.Split('.'))
        {
            message[at] = (byte)label.Length;
            at += 1 + Encoding.ASCII.GetBytes(label, message[(at + 1)..]);
        }

        message[at + 2] = 1;
        message[at + 4] = 1;
        _socket.Send(message[..(at + 5)]);
    }

    private (int Id, bool IsRight) Receive()
    {
        Span<byte> message = stackalloc byte[512];
        try
        {
            var length = _socket.Receive(message);
            var isRight = (message[3] & 15) == 0 && BinaryPrimitives.ReadUInt16BigEndian(message[6..]) == 1 && message[(length - 4)..length].SequenceEqual((ReadOnlySpan<byte>)[192, 0, 2, 1]);
            return (BinaryPrimitives.ReadUInt16BigEndian(message), isRight);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.TimedOut)
        {
            return (-1, false);
        }
    }
}
