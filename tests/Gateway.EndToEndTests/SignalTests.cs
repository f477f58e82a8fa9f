using System.Globalization;
using System.Net.Sockets;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

public sealed class SignalTests
{
    [Fact, Trait("adv", "O2")]
    public async Task A_second_signal_does_not_wait_for_the_visitors_that_the_first_one_lets_finish()
    {
        using var directory = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(directory.Path, "--router-drain", "1h", "--router-hello-timeout", "1h", "--roles", "router");
        using var visitor = new TcpClient();
        await visitor.ConnectAsync(node.Tls);
        await visitor.GetStream().WriteAsync(new byte[] { 22 });
        await SignalAsync(node);
        await Programs.EventuallyAsync(() => IsClosedAsync(node), "nobody is accepted any more");
        Assert.False(node.HasExited);
        await SignalAsync(node);
        await Programs.EventuallyAsync(() => Task.FromResult(node.HasExited), "the node has ended");
    }

    private static async Task SignalAsync(RunningNode node) => await Programs.RunAsync("kill", ["-TERM", node.ProcessId.ToString(CultureInfo.InvariantCulture)]);

    private static async Task<bool> IsClosedAsync(RunningNode node)
    {
        using var late = new TcpClient();
        try
        {
            await late.ConnectAsync(node.Tls);
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
