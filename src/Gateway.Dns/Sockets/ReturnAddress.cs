using System.Net.Sockets;
using static Gateway.Dns.Sockets.DatagramCalls;

namespace Gateway.Dns.Sockets;

/// <summary>Where a datagram came from and which address of ours it was sent to, as the kernel told it and takes it back.</summary>
internal sealed class ReturnAddress(byte[] address, byte[] control)
{
    private const int DoNotWait = 0x40;

    /// <summary>Sends one datagram back; never waits. False when the system refuses it, or the socket is closed already.</summary>
    public bool TrySend(SafeSocketHandle socket, ReadOnlySpan<byte> datagram)
    {
        try
        {
            return SendOne(socket, datagram);
        }
        catch (ObjectDisposedException)
        {
            // The server ends; the answer came too late.
            return false;
        }
    }

    private unsafe bool SendOne(SafeSocketHandle socket, ReadOnlySpan<byte> datagram)
    {
        fixed (byte* from = datagram, to = address, about = control)
        {
            var buffer = new DatagramCalls.Buffer { Start = from, Length = (nuint)datagram.Length };
            var message = new Message { Address = to, AddressLength = (uint)address.Length, Buffers = &buffer, BufferCount = 1, Control = about, ControlLength = (nuint)control.Length };
            return Send(socket, &message, 1, DoNotWait) == 1;
        }
    }
}
