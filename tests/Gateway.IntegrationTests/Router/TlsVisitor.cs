using System.Net.Sockets;
using Gateway.UnitTests.Router;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>A visitor of the TLS port, in front of an upstream that echoes.</summary>
internal static class TlsVisitor
{
    /// <summary>A visitor of a name whose upstream gives back what it gets, after his hello came back; he stays.</summary>
    public static async Task<Socket> OpenAsync(RouterHarness router, string name)
    {
        var visitor = await RouterHarness.ConnectAsync(router.Tls);
        var hello = Hello.For(name);
        await visitor.SendAllAsync(hello);
        Assert.Equal(hello, await visitor.ReceiveExactlyAsync(hello.Length));
        return visitor;
    }

    /// <summary>What a visitor who says this, and no more, hears.</summary>
    public static async Task<byte[]> AskAsync(RouterHarness router, byte[] bytes)
    {
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        return await SayLastAsync(visitor, bytes);
    }

    /// <summary>What a visitor hears after his last words.</summary>
    public static async Task<byte[]> SayLastAsync(Socket visitor, byte[] bytes)
    {
        // At the same time: an echo that nobody reads holds up who speaks.
        var answer = visitor.ReceiveAllAsync();
        await visitor.SendAllAsync(bytes);
        visitor.Shutdown(SocketShutdown.Send);
        return await answer;
    }

    /// <summary>True when the hello for a name comes back from the upstream; false when the router refuses.</summary>
    public static async Task<bool> IsEchoedAsync(RouterHarness router, string name)
    {
        var hello = Hello.For(name);
        return (await AskAsync(router, hello)).AsSpan().SequenceEqual(hello);
    }
}
