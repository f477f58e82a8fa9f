using System.Net.Sockets;
using System.Text;

namespace Gateway.Store.Connecting;

/// <summary>One command on a connection of its own: it gets the plain answer, also where the client library only says that it could not connect.</summary>
internal static class RedisCall
{
    // The answers asked for here are one line.
    private const int AnswerBound = 512;

    /// <summary>The first line of the answer, with its sign, or null when nobody answered.</summary>
    internal static async Task<string?> AskAsync(RedisEndpoint endpoint, CancellationToken stop, params string[] command)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint.Host, endpoint.Port, stop);
            using var stream = new NetworkStream(socket);
            var login = Login(endpoint);
            await stream.WriteAsync(Encoding.UTF8.GetBytes(login + RespCommand.Encode(command)), stop);
            if (login.Length == 0) return await ReadLineAsync(stream, stop);
            // A refused login is the answer to everything.
            var welcome = await ReadLineAsync(stream, stop);
            return welcome is "+OK" ? await ReadLineAsync(stream, stop) : welcome;
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return null;
        }
    }

    /// <summary>The AUTH command for this endpoint; empty when it has no password.</summary>
    internal static string Login(RedisEndpoint endpoint) => endpoint switch
    {
        { User: { } user } => RespCommand.Encode("AUTH", user, endpoint.Password.Reveal()),
        { Password.IsEmpty: false } => RespCommand.Encode("AUTH", endpoint.Password.Reveal()),
        _ => "",
    };

    private static async Task<string?> ReadLineAsync(NetworkStream stream, CancellationToken stop)
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (line.Count < AnswerBound && await stream.ReadAsync(one, stop) == 1)
        {
            if (one[0] == '\n') return Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
            line.Add(one[0]);
        }

        return null;
    }
}
