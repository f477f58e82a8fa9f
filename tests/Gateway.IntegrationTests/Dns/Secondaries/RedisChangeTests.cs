using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Xunit;

namespace Gateway.IntegrationTests.Dns.Secondaries;

/// <summary>From a write in Redis to a notification on the wire, and to the step that a secondary gets.</summary>
public sealed class RedisChangeTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private const int NotifyFlags = 0x24;

    [Fact]
    public async Task A_write_to_Redis_is_told_to_the_secondary_until_it_answers_and_goes_out_as_a_step()
    {
        await redis.FlushAsync();
        using var secondary = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var key = $"hmac-sha256:{Primary.Key}:{Primary.Base64}";
        await using var server = await RunningNameServer.StartAsync(redis, options =>
        {
            options.TransferKeys = [new Secret($"{Primary.Key}:hmac-sha256:{Primary.Base64}")];
            options.Secondaries = [secondary.Client.LocalEndPoint!.ToString()!];
        });
        await using var other = await redis.ConnectAsync();
        await other.Database.HashSetAsync("steps.test.", "www", """{"a":[{"ip":"192.0.2.1"}]}""");
        var first = await NotifiedAsync(secondary, answers: true);
        await other.Database.HashSetAsync("steps.test.", "www", """{"a":[{"ip":"192.0.2.2"}]}""");
        // Who does not answer is told again, with the same ID.
        var second = await NotifiedAsync(secondary, answers: false);
        Assert.True(second.Serial > first.Serial);
        Assert.Equal(second, await NotifiedAsync(secondary, answers: true));
        var step = await Dig.AskAsync(server.Endpoint.Port, "+noall", "+answer", "-y", key, "steps.test", $"IXFR={first.Serial}");
        var lines = step.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["SOA", "SOA", "A", "SOA", "A", "SOA"], lines.Where(line => line[0] != ';' && !line.Contains("TSIG", StringComparison.Ordinal)).Select(line => line.Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries)[3]));
        Assert.Contains("192.0.2.1", lines[2], StringComparison.Ordinal);
        Assert.Contains("192.0.2.2", lines[4], StringComparison.Ordinal);
    }

    private static async Task<(int Id, uint Serial)> NotifiedAsync(UdpClient secondary, bool answers)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var message = await secondary.ReceiveAsync(deadline.Token);
        var octets = message.Buffer;
        Assert.Equal(NotifyFlags, octets[2]);
        Assert.Equal("\u0005steps\u0004test\0"u8.ToArray(), octets[12..24]);
        var serial = BinaryPrimitives.ReadUInt32BigEndian(octets.AsSpan(octets.Length - 20));
        if (answers)
        {
            byte[] answer = [.. octets[..28]];
            (answer[2], answer[7]) = ((byte)(answer[2] | 0x80), 0);
            await secondary.SendAsync(answer, message.RemoteEndPoint, deadline.Token);
        }

        return ((octets[0] << 8) | octets[1], serial);
    }
}
