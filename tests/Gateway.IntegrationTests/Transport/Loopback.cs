using System.Net;
using System.Net.Sockets;
using Gateway.Transport;

namespace Gateway.IntegrationTests.Transport;

/// <summary>Connected sockets on loopback, and what the process holds open.</summary>
internal static class Loopback
{
    public static Socket Listen()
    {
        if (!Listening.TryBind(new IPEndPoint(IPAddress.Loopback, 0), 4096, out var listener, out var fault)) throw new InvalidOperationException(fault);
        return listener;
    }

    /// <summary>A plain socket, and the other end of it as a duplex.</summary>
    public static async Task<(Socket Far, SocketDuplex Near)> PairAsync(int? buffer = null)
    {
        using var listener = Listen();
        var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (buffer is { } size) (far.ReceiveBufferSize, far.SendBufferSize) = (size, size);
        await far.ConnectAsync(listener.LocalEndPoint!);
        var near = await listener.AcceptAsync();
        if (buffer is { } same) (near.ReceiveBufferSize, near.SendBufferSize) = (same, same);
        return (far, new SocketDuplex(near));
    }

    /// <summary>How many sockets, pipes and the like this process holds; not files, because libraries are loaded at any time.</summary>
    public static int Descriptors() => Directory.EnumerateFiles("/proc/self/fd").Count(descriptor => Target(descriptor) is [not '/', ..]);

    private static string? Target(string descriptor)
    {
        try
        {
            return new FileInfo(descriptor).LinkTarget;
        }
        catch (IOException)
        {
            // Closed while we looked.
            return null;
        }
    }

    /// <summary>How many packets a TCP socket has got since it was dialled: tcpi_segs_in of struct tcp_info in linux/tcp.h.</summary>
    public static int PacketsTaken(this Socket socket)
    {
        const int tcpLevel = 6, infoOption = 11, segmentsIn = 140;
        var info = new byte[segmentsIn + sizeof(int)];
        socket.GetRawSocketOption(tcpLevel, infoOption, info);
        return BitConverter.ToInt32(info, segmentsIn);
    }

    public static async Task<byte[]> ReadToEndAsync(this Socket socket)
    {
        using var all = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (await socket.ReceiveAsync(buffer) is > 0 and var read) all.Write(buffer, 0, read);
        return all.ToArray();
    }

    public static async Task SendAllAsync(this Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[await socket.SendAsync(bytes)..];
    }
}
