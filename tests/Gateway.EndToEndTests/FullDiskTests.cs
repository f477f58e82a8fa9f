using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>A node whose disk is full: it serves what it served, says so, and takes new reservations again when there is room.</summary>
public sealed class FullDiskTests : IAsyncLifetime
{
    private const string Size = "24m";
    private const string Host = "hello.gw.test";

    private readonly TemporaryDirectory _work = new();

    private string Disk => _work.File("disk");

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Disk);
        var mounted = await Programs.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={Size}", "tmpfs", Disk]);
        if (mounted.Code != 0) throw new InvalidOperationException($"A disk of the test's own cannot be made, and a proof that was not run is none: run the tests as root. `mount` said: {mounted.Error}");
    }

    public async ValueTask DisposeAsync()
    {
        await Programs.RunAsync("umount", [Disk]);
        _work.Dispose();
    }

    [Fact, Trait("adv", "O3")]
    public async Task It_goes_on_serving_refuses_what_it_cannot_keep_and_goes_on_when_there_is_room()
    {
        var state = Path.Combine(Disk, "state");
        await using var node = await RunningNode.StartAsync(state);
        var alice = await new CommandLineUser(node, _work.Path).RegisterAsync();
        await alice.MustAsync("reserve", "subdomain", Host, "--ip", "127.0.0.1");
        var filler = Path.Combine(Disk, "filler");
        await Fill(filler);

        var refused = false;
        for (var i = 0; i < 20 && !refused; i++)
        {
            refused = (await alice.RunAsync("reserve", "subdomain", $"n{i}.gw.test", "--ip", "127.0.0.1", "--wait", "0")).Code != 0;
            Assert.Equal((0, 1), await Resolver.AskAsync(node.Dns, Host, milliseconds: 20_000));
            await Fill(filler);
        }

        Assert.True(refused, "everything was kept on a disk that is full");
        Assert.False(node.HasExited);
        var (status, body) = await node.AdminAsync("/readyz");
        Assert.True(status == 200, body + node.Log);

        File.Delete(filler);
        await Programs.EventuallyAsync(async () => (await alice.RunAsync("reserve", "subdomain", "late.gw.test", "--ip", "127.0.0.1")).Code == 0, $"reservations are taken again; the node says {node.Log}");
        await Programs.EventuallyAsync(async () => await Resolver.AskAsync(node.Dns, "late.gw.test") == (0, 1), "the new name is answered");
        Assert.Equal(0, await node.StopAsync());

        await using var again = await RunningNode.StartAsync(state);
        Assert.Equal((0, 1), await Resolver.AskAsync(again.Dns, Host));
    }

    [Fact, Trait("adv", "O3")]
    public async Task A_start_on_a_full_disk_is_one_line_that_says_so()
    {
        await Fill(Path.Combine(Disk, "filler"));
        var ended = await Programs.RunAsync(Programs.Gatewayd, ["--state", Path.Combine(Disk, "state"), "--domains", "gw.test", "--nameservers", "ns1.gw.test", "--admin", "127.0.0.1:0", "--roles", "router,reconciler,explorer", "--explorer-listen", "127.0.0.1:0", "--router-http-listen", "127.0.0.1:0", "--router-tls-listen", "127.0.0.1:0", "--router-tunnel-listen", "127.0.0.1:0"]);
        Assert.Equal(1, ended.Code);
        Assert.Contains("No space left on device", ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Error, StringComparison.Ordinal);
    }

    /// <summary>Writes until there is no room; how dd ends is no news.</summary>
    private static Task<Ended> Fill(string file) => Programs.RunAsync("dd", ["if=/dev/zero", $"of={file}", "bs=4k", "oflag=append", "conv=notrunc"]);
}
