using System.Security.Cryptography;
using Gateway.IntegrationTests.Support;
using Gateway.Transport;

namespace Gateway.IntegrationTests.Cli.Expose;

/// <summary>Sends much through a duplex, and tells by a checksum whether it arrived.</summary>
internal static class Bulk
{
    public static async Task<string> SendAsync(Duplex duplex, long length, int seed)
    {
        var block = new byte[100_000];
        new Random(seed).NextBytes(block);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var left = length; left > 0; left -= block.Length)
        {
            var piece = block.AsMemory(0, (int)Math.Min(left, block.Length));
            piece.Span[0]++;
            hash.AppendData(piece.Span);
            await duplex.WriteAsync(piece, Deadline.Generous);
        }
        await duplex.EndAsync(Deadline.Generous);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    public static async Task<string> ReceiveAsync(Duplex duplex)
    {
        var buffer = new byte[64 * 1024];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        while (await duplex.ReadAsync(buffer, Deadline.Generous) is > 0 and var read) hash.AppendData(buffer, 0, read);
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
