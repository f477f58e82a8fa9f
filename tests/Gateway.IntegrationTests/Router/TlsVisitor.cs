using System.Net.Sockets;
using Gateway.UnitTests.Router;

namespace Gateway.IntegrationTests.Router;

/// <summary>A visitor of the TLS port, in front of an upstream that echoes.</summary>
internal static class TlsVisitor
{
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
