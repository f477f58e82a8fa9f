using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gateway.EndToEndTests.Support;

/// <summary>Asks one name server one question over UDP, without any library of ours.</summary>
internal static class Resolver
{
    /// <summary>The response code and the number of answers; (-1, 0) when no answer came in time.</summary>
    public static async Task<(int Code, int Answers)> AskAsync(IPEndPoint server, string name, ushort type = 1, int milliseconds = 2000)
    {
        using var socket = new UdpClient(server.AddressFamily);
        socket.Connect(server);
        await socket.SendAsync(Question(name, type));
        using var deadline = new CancellationTokenSource(milliseconds);
        try
        {
            var response = (await socket.ReceiveAsync(deadline.Token)).Buffer;
            return (response[3] & 15, BinaryPrimitives.ReadUInt16BigEndian(response.AsSpan(6)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            return (-1, 0);
        }
    }

    /// <summary>The same by a TCP connection of its own: null when one address came, else what went wrong.</summary>
    public static async Task<string?> AskByTcpAsync(IPEndPoint server, string name, TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(server, deadline.Token);
            var (stream, question) = (client.GetStream(), Question(name, type: 1));
            await stream.WriteAsync((byte[])[0, (byte)question.Length, .. question], deadline.Token);
            var response = new byte[14];
            await stream.ReadExactlyAsync(response, deadline.Token);
            return (response[5] & 15, response[9]) == (0, 1) ? null : $"code {response[5] & 15} with {response[9]} answers";
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            return e.Message;
        }
    }

    private static byte[] Question(string name, ushort type)
    {
        var message = new List<byte> { 0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
        foreach (var label in name.Split('.'))
        {
            message.Add((byte)label.Length);
            message.AddRange(Encoding.ASCII.GetBytes(label));
        }

        message.AddRange([0, (byte)(type >> 8), (byte)type, 0, 1]);
        return [.. message];
    }
}
