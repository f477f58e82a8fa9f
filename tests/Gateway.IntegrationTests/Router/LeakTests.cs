using System.Net.Sockets;
using Gateway.IntegrationTests.Support;
using Gateway.UnitTests.Router;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>Counts the descriptors of the whole process, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;

[Collection(nameof(AloneCollection))]
public sealed class LeakTests
{
    private const string Name = "shop.example.org";

    [Fact, Trait("adv", "T6")]
    public async Task Visitors_that_vanish_mid_upload_leave_no_descriptor_behind()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        router.Dial(Name, upstream.EndPoint);
        await VanishAsync(router, 20);
        await Eventually.TrueAsync(() => CountEnded(router) == 20, "the first visits ended");
        var before = Descriptors();
        await VanishAsync(router, 1000);
        await Eventually.TrueAsync(() => CountEnded(router) == 1020, "all visits ended");
        await Eventually.TrueAsync(() => Descriptors() <= before + 5, "descriptors are back to where they were");
    }

    private static async Task VanishAsync(RouterHarness router, int times)
    {
        var bulk = new byte[256 * 1024];
        Hello.For(Name).CopyTo(bulk, 0);
        for (var i = 0; i < times; i++)
        {
            var visitor = await RouterHarness.ConnectAsync(router.Tls);
            visitor.Blocking = false;
            visitor.Send(bulk, SocketFlags.None, out _);
            visitor.Close(0);
        }
    }

    private static int CountEnded(RouterHarness router) => router.Log.Lines.Count(line => line.Contains("TLS ", StringComparison.Ordinal) && line.Contains(" after ", StringComparison.Ordinal));

    private static int Descriptors() => Transport.Loopback.Descriptors();
}
