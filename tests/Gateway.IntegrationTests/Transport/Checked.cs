using System.Net.Sockets;
using System.Security.Cryptography;

namespace Gateway.IntegrationTests.Transport;

/// <summary>Sends much, and tells by a checksum whether it arrived.</summary>
internal static class Checked
{
    public static async Task<string> SendAsync(Socket socket, int mebibytes, int seed)
    {
        var block = new byte[1 << 20];
        new Random(seed).NextBytes(block);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < mebibytes; i++)
        {
            block[i % block.Length]++;
            hash.AppendData(block);
            await socket.SendAllAsync(block);
        }
        socket.Shutdown(SocketShutdown.Send);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    public static async Task<string> ReceiveAsync(Socket socket)
    {
        var buffer = new byte[256 * 1024];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        while (await socket.ReceiveAsync(buffer) is > 0 and var read) hash.AppendData(buffer, 0, read);
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
