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

    /// <summary>True when the hello for a name comes back from the upstream; false when the router refuses.</summary>
    public static async Task<bool> IsEchoedAsync(RouterHarness router, string name)
    {
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        var hello = Hello.For(name);
        await visitor.SendAllAsync(hello);
        visitor.Shutdown(SocketShutdown.Send);
        var answer = await visitor.ReceiveAllAsync();
        return hello.AsSpan().SequenceEqual(answer);
    }
}
