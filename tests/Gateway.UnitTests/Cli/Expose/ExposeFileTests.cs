using Gateway.Cli;
using Gateway.Cli.Expose;
using Gateway.Transport.Handshakes;
using Gateway.Transport.ProxyProtocol;
using Xunit;

namespace Gateway.UnitTests.Cli.Expose;

public sealed class ExposeFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gateway-expose").FullName;

    public ExposeFileTests()
    {
        File.WriteAllText(Path.Combine(_directory, "web.secret"), "7:web\n");
        File.WriteAllText(Path.Combine(_directory, "mail.secret"), "7:mail\n");
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Services_share_what_stands_above_them_and_have_their_own()
    {
        var read = Read("""
            {
              // One client for the whole machine.
              "remotes": ["gw1", "gw2:1"],
              "backoff": 5,
              "services": [
                { "name": "web", "targets": ["http://localhost:8000", "https://localhost:8443"], "secret_file": "web.secret", "proxy_protocol": "v2" },
                { "name": "mail", "targets": "tcp://localhost:993", "secret_file": "mail.secret", "remotes": "gw3", "direct": false },
              ]
            }
            """);
        Assert.False(read.Failed(out var fault, out var services), fault?.Message);
        Assert.Equal(["web", "mail"], services!.Select(service => service.Service));
        Assert.Equal(["7:web", "7:mail"], services!.Select(service => service.Secret.Reveal()));
        Assert.Equal(["gw1:18000", "gw2:1", "gw3:18000"], services!.SelectMany(service => service.Remotes).Select(remote => remote.At.ToString()));
        Assert.Equal([ProxyVersion.Two, ProxyVersion.None], services!.Select(service => service.ProxyProtocol));
        Assert.Equal([true, false], services!.Select(service => service.Direct));
        Assert.All(services!, service => Assert.Equal((TimeSpan.FromSeconds(5), ServedTraffic.Any), (service.LongestPause, service.Serves)));
    }

    [Fact]
    public void Every_fault_is_named_at_once_with_its_place()
    {
        var text = Fault("""
            { "remote": ["gw1"], "services": [
              { "name": "web", "targets": ["ftp://x"], "secret_file": "web.secret", "remotes": ["gw1"] },
              { "name": "web", "targets": ["http://x:1"], "secret_file": "mail.secret", "remotes": ["gw1"], "secret": "x" },
              { "name": "web", "targets": ["http://x:1"], "secret_file": "mail.secret", "remotes": ["gw1"], "direct": "yes" },
              { "name": "gone", "targets": ["http://x:1"], "secret_file": "gone.secret", "remotes": ["gw1"] }, 5 ] }
            """);
        string[] named = ["unknown member 'remote'", "services[0]: 'ftp://x'", "services[1]: unknown member 'secret'", "services[2]: 'direct' is true or false", "services[3]: The secret file cannot be read", "services[4]: a JSON object", "two services are called 'web'"];
        Assert.All(named, part => Assert.Contains(part, text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{", "not valid JSON")]
    [InlineData("{}", "names no services")]
    [InlineData("""{"services":{}}""", "'services' is a list")]
    public void What_is_no_such_file_is_refused(string json, string expected) => Assert.Contains(expected, Fault(json), StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        Assert.True(ExposeFile.Read(Path.Combine(_directory, "none.json")).Failed(out var fault, out _));
        Assert.Equal(ExitCode.Failed, fault!.Code);
        Assert.Contains("none.json", fault.Message, StringComparison.Ordinal);
    }

    private Step<IReadOnlyList<TunnelClientOptions>> Read(string json)
    {
        var path = Path.Combine(_directory, "tunnels.json");
        File.WriteAllText(path, json);
        return ExposeFile.Read(path);
    }

    private string Fault(string json)
    {
        Assert.True(Read(json).Failed(out var fault, out _));
        Assert.Equal(ExitCode.Usage, fault!.Code);
        return fault.Message;
    }
}
