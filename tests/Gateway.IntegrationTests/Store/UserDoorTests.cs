using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.IntegrationTests.Support;
using Gateway.Store.Connecting;
using Xunit;

namespace Gateway.IntegrationTests.Store;

public sealed class UserDoorTests
{
    [Fact]
    public async Task Without_the_token_the_door_stays_shut()
    {
        await using var server = await ForeignRedis.StartAsync("user gateway on >word ~* &* +@all");
        await using var door = UserDoor.Open(server.Endpoint("gateway", "word"), TimeProvider.System);
        var knock = RespCommand.Encode("AUTH", door.Token);
        Assert.Equal("+OK\r\n", await AnswerAsync(door.Port, knock));
        Assert.Equal("", await AnswerAsync(door.Port, RespCommand.Encode("AUTH", new string('0', door.Token.Length))));
        Assert.Equal("", await AnswerAsync(door.Port, RespCommand.Encode("PING") + new string(' ', knock.Length)));
    }

    private static async Task<string> AnswerAsync(int port, string words)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(words));
        var answer = new byte[100];
        try
        {
            return Encoding.ASCII.GetString(answer, 0, await socket.ReceiveAsync(answer, Deadline.Generous));
        }
        catch (SocketException)
        {
            return "";
        }
    }
}
