using System.Net;
using Gateway.IntegrationTests.Dns;
using Gateway.Model.Routes;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>Byte-exact conversations in the language of varnishtest, one file each; the router stands between its client and its origin.</summary>
[Trait("adv", "H1"), Trait("adv", "H2"), Trait("adv", "H10"), Trait("adv", "H11"), Trait("adv", "H12")]
public sealed class VarnishTests
{
    private const int OriginPort = 8081;

    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(Folder, "*.vtc").Select(path => Path.GetFileName(path)!).Order()];

    private static string Folder { get; } = FindFolder();

    [Theory, MemberData(nameof(Files))]
    public async Task It_goes_as_written(string file)
    {
        // An address of its own for each file: the origin's port is known before anybody listens there.
        var origin = new IPEndPoint(IPAddress.Parse($"127.81.0.{1 + Files.Select(row => row.Data).ToList().IndexOf(file)}"), OriginPort);
        await using var router = new RouterHarness();
        router.Put("a.example", new Target.Dial(origin.Address.ToString(), origin.Port, 0));
        var output = await ProgramRun.OutputAsync("varnishtest", $"-t 60 -D gateway={router.Http} -D origin={origin} {Path.Combine(Folder, file)}");
        Assert.True(output.Contains(" passed (", StringComparison.Ordinal), output);
    }

    private static string FindFolder()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Gateway.sln"))) folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("Gateway.sln");
        return Path.Combine(folder, "tests", "Gateway.IntegrationTests", "Router", "Http1");
    }
}
