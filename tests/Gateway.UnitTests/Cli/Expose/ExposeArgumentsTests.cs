using Gateway.Cli;
using Gateway.Cli.Expose;
using Xunit;

namespace Gateway.UnitTests.Cli.Expose;

public sealed class ExposeArgumentsTests
{
    private static readonly ExposeArguments Plain = new(["http://localhost:8000"], null, null, ["gw1"], "s3cr3t", null, null);

    [Fact]
    public void One_url_one_gateway_and_a_secret_are_enough()
    {
        var options = Good(Plain);
        Assert.Equal(new HostPort("localhost", 8000), options.Local);
        Assert.Equal(options.Local, options.LocalTls);
        Assert.Equal([new TunnelRemote(new HostPort("gw1", 18000))], options.Remotes);
        Assert.Equal("s3cr3t", options.Secret.Reveal());
    }

    [Theory]
    [InlineData("https://localhost", "localhost:443")]
    [InlineData("http://localhost/", "localhost:80")]
    [InlineData("tcp://10.0.0.7:22", "10.0.0.7:22")]
    [InlineData("http://[::1]:8000", "[::1]:8000")]
    public void A_single_target_serves_both_kinds(string url, string expected)
    {
        var options = Good(Plain with { Targets = [url] });
        Assert.Equal(expected, options.Local.ToString());
        Assert.Equal(expected, options.LocalTls!.ToString());
    }

    [Fact]
    public void Two_targets_share_the_visitors_by_kind()
    {
        var options = Good(Plain with { Targets = ["https://localhost:8443", "http://localhost:8000"] });
        Assert.Equal(8000, options.Local.Port);
        Assert.Equal(8443, options.LocalTls!.Port);
    }

    [Fact]
    public void The_old_clients_flags_do_what_they_did()
    {
        var options = Good(new ExposeArguments([], "web:80", "web:443", ["gw1:18000", "gw2:18001,gw1:18000"], "7:x", null, "5"));
        Assert.Equal("web:80", options.Local.ToString());
        Assert.Equal("web:443", options.LocalTls!.ToString());
        Assert.Equal(["gw1:18000", "gw2:18001"], options.Remotes.Select(remote => remote.At.ToString()));
        Assert.Equal(TimeSpan.FromSeconds(5), options.LongestPause);
    }

    [Fact]
    public void A_pin_asks_for_TLS_and_each_gateway_may_have_its_own()
    {
        var (first, second) = ("sha256:" + new string('a', 64), "sha256:" + new string('B', 64));
        var options = Good(Plain with { Remotes = [$"tls://gw1#{first}", "gw2:1", "tls://[::1]"], Pins = [second] });
        Assert.All(options.Remotes, remote => Assert.True(remote.IsTls));
        Assert.Equal([first, second.ToLowerInvariant(), second.ToLowerInvariant()], options.Remotes.Select(remote => Assert.Single(remote.Pins).ToString()));
        Assert.Equal(["gw1:18000", "gw2:1", "[::1]:18000"], options.Remotes.Select(remote => remote.At.ToString()));
    }

    [Fact]
    public void A_faster_heartbeat_notices_a_death_sooner()
    {
        Assert.Equal((TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(24)), (Good(Plain).Yamux.PingInterval, Good(Plain).Yamux.DeadAfter));
        var faster = Good(Plain with { Heartbeat = "5" }).Yamux;
        Assert.Equal((5, 12, 10), (faster.PingInterval.TotalSeconds, faster.DeadAfter.TotalSeconds, faster.WriteTimeout.TotalSeconds));
    }

    [Fact]
    public void While_a_key_is_changed_a_gateway_may_have_two_pins()
    {
        var (first, second) = ("sha256:" + new string('a', 64), "sha256:" + new string('b', 64));
        var options = Good(Plain with { Remotes = [$"tls://gw1#{second}#{first}", "gw2"], Pins = [first, second] });
        Assert.Equal([[second, first], [first, second]], options.Remotes.Select(remote => remote.Pins.Select(pin => pin.ToString())));
    }

    [Fact]
    public void Without_a_pin_a_gateway_is_spoken_to_as_its_url_says()
    {
        var options = Good(Plain with { Remotes = ["tls://gw1", "tcp://gw2", "gw3"] });
        Assert.Equal([true, false, false], options.Remotes.Select(remote => remote.IsTls));
        Assert.All(options.Remotes, remote => Assert.Empty(remote.Pins));
    }

    public static TheoryData<string> Wrong() => new(Faulty.Keys);

    private static readonly Dictionary<string, ExposeArguments> Faulty = new()
    {
        ["no target"] = Plain with { Targets = [] },
        ["no url"] = Plain with { Targets = ["localhost:8000"] },
        ["another scheme"] = Plain with { Targets = ["ftp://localhost"] },
        ["a path"] = Plain with { Targets = ["http://localhost/app"] },
        ["no remote"] = Plain with { Remotes = [""] },
        ["a short pin"] = Plain with { Remotes = ["tls://gw1#sha256:ab"] },
        ["a pin of another hash"] = Plain with { Pins = ["sha1:" + new string('a', 64)] },
        ["a pin for plain TCP"] = Plain with { Remotes = ["tcp://gw1"], Pins = ["sha256:" + new string('a', 64)] },
        ["no port"] = Plain with { Remotes = ["gw1:x"] },
        ["port 0"] = Plain with { Remotes = ["gw1:0"] },
        ["port 65536"] = Plain with { Local = "a:65536" },
        ["no secret"] = Plain with { Secret = "" },
        ["a secret too long"] = Plain with { Secret = new string('x', 65_536) },
        ["two secrets"] = Plain with { SecretFile = "f" },
        ["a pause of nothing"] = Plain with { BackOff = "0" },
        ["a pause that is no number"] = Plain with { BackOff = "5s" },
        ["a heartbeat of nothing"] = Plain with { Heartbeat = "0" },
        ["a heartbeat that is too slow"] = Plain with { Heartbeat = "301" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_cannot_work_is_refused_and_the_secret_is_not_told(string what)
    {
        Assert.True(Faulty[what].Check().Failed(out var fault, out _));
        Assert.Equal(ExitCode.Usage, fault.Code);
        Assert.DoesNotContain("s3cr3t", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gw", 7, "gw:7")]
    [InlineData("gw:1", 7, "gw:1")]
    [InlineData("::1", 7, "[::1]:7")]
    [InlineData("[::1]", 7, "[::1]:7")]
    [InlineData("[::1]:1", 7, "[::1]:1")]
    public void A_host_and_port_is_read_in_every_spelling(string text, int port, string expected)
    {
        Assert.True(HostPort.TryParse(text, port, out var read));
        Assert.Equal(expected, read.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(":1")]
    [InlineData("a b:1")]
    [InlineData("gw:")]
    [InlineData("gw:-1")]
    public void What_is_no_host_and_port_is_refused(string text) => Assert.False(HostPort.TryParse(text, 7, out _));

    private static TunnelClientOptions Good(ExposeArguments arguments)
    {
        Assert.False(arguments.Check().Failed(out var fault, out var options), fault?.Message);
        return options!;
    }
}
