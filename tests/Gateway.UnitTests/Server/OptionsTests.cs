using System.Collections;
using System.Net;
using System.Text;
using Gateway.Dns;
using Gateway.Explorer;
using Gateway.Model;
using Gateway.Model.Options;
using Gateway.Reconciler;
using Gateway.Router;
using Gateway.Server.Options;
using Xunit;

namespace Gateway.UnitTests.Server;

public sealed class OptionsTests
{
    private readonly Sample _top = new();
    private readonly Sample _section = new();

    private OptionTable Table => new([("", _top), ("part", _section)]);

    [Fact]
    public void Names_follow_from_the_property()
    {
        var option = Table.Options.Single(option => option.Path == "part.idle_limit");
        Assert.Equal("--part-idle-limit", option.Flag);
        Assert.Equal("GATEWAY_PART_IDLE_LIMIT", option.Variable);
    }

    [Fact]
    public void A_fault_names_the_option_as_the_file_does()
    {
        var table = new OptionTable(
        [
            ("dns", new DnsOptions { CookieSecret = new Secret("x"), PreviousCookieSecret = new Secret("x"), TransferKeys = [new Secret("x")], ForwardTo = [IPEndPoint.Parse("192.0.2.1:53")] }),
            ("reconciler", new ReconcilerOptions { Explorer = new Uri("ftp://x.test"), City = "", Country = "", Continent = "", PollInterval = default, ResyncInterval = default, UptimeInterval = default }),
            ("router", new RouterOptions { HelloTimeout = default, ConnectTimeout = default, IdleTimeout = default, StallTimeout = default, HttpTimeout = default, HandshakeTimeout = default }),
            ("explorer", new ExplorerOptions { Listen = [] }),
        ]);
        var faults = table.Faults().ToList();
        Assert.Equal(16, faults.Count);
        Assert.All(faults, fault => Assert.NotNull(table.Find(fault.Option)));
        Assert.All(faults.SelectMany(fault => fault.Because), path => Assert.NotNull(table.Find(path)));
    }

    [Fact]
    public void What_several_options_make_together_is_named_beside_all_other_faults_and_with_its_place()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, """
                { "domains": ["gw.example.com"], "log_rate": -1,
                  "roles": ["router", "reconciler"],
                  "router": { "tls_listen": ["127.0.0.1:443"],
                              "http_listen": ["127.0.0.1:443"], "tunnel_key": "k.pem" },
                  "dns": { "forward_to": ["192.0.2.1"],
                           "transfer_keys": ["x"] }
                }
                """);
            Assert.Equal(
                [
                    $"{file}:1: '-1' is out of range: 0 to 1000000.",
                    $"{file}:5: '192.0.2.1' is not an address and port like 127.0.0.1:8053 or [::1]:8053.",
                    "environment GATEWAY_OTLP_ENDPOINT: otlp_endpoint: 'ftp://x.test/' is no HTTP address: give one like http://127.0.0.1:4318.",
                    // It was left out: the place is that of what makes it a fault.
                    $"{file}:1: nameservers is empty although domains are managed: name this node's DNS servers, for example ns1.example.com.",
                    $"{file}:6: dns.transfer_keys: A TSIG key is not written name:algorithm:base64.",
                    $"{file}:4: router.tunnel_key is given without tunnel_certificate: name the certificate that it belongs to.",
                    $"{file}:4: router.http_listen: 127.0.0.1:443 is named twice among the router's listeners: give each its own port.",
                    $"{file}:2: reconciler.explorer is empty and this process runs no explorer: give the URL of the explorer, for example https://explorer.example.com.",
                ],
                OptionReader.Read(new Configuration().Table, ["--config", file], new Hashtable { ["GATEWAY_OTLP_ENDPOINT"] = "ftp://x.test" }));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Of_a_file_that_cannot_be_read_to_its_end_nothing_is_guessed()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "{ \"domains\": [\"gw.example.com\"],\n \"log_rate\": -1, }}");
            var faults = OptionReader.Read(new Configuration().Table, ["--config", file], new Hashtable());
            Assert.Equal([$"{file}:2: not valid JSON", $"{file}:2: '-1' is out of range: 0 to 1000000."], faults.Select(fault => fault.Split(": '}'")[0]));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Flags_win_over_the_environment_and_the_environment_over_the_file()
    {
        var table = Table;
        List<string> faults = [];
        List<Setting> written = [];
        Assert.True(Settings.TryReadJson("""{"count": 1, "part": {"count": 2}}"""u8.ToArray(), "f", ["part"], written, faults));
        var settings = written.Concat(Settings.FromEnvironment(new Hashtable { ["GATEWAY_COUNT"] = "3", ["HOME"] = "x" }, table, faults))
            .Concat(Settings.FromFlags(["--count", "4"], table, faults));
        Assert.All(settings, setting => Assert.Null(table.Apply(setting)));
        Assert.Empty(faults);
        Assert.Equal((4, 2), (_top.Count, _section.Count));
    }

    [Theory]
    [InlineData("127.0.0.1:53")]
    [InlineData("[::1]:53")]
    public void An_end_point_needs_its_port(string text)
    {
        Assert.Null(Table.Apply(new Setting("listen", [text], "f:1")));
        Assert.Equal(IPEndPoint.Parse(text), Assert.Single(_top.Listen));
        Assert.Equal($"f:1: '::1' is not an address and port like 127.0.0.1:8053 or [::1]:8053.", Table.Apply(new Setting("listen", ["::1"], "f:1")));
    }

    [Theory]
    [InlineData("250ms", 250)]
    [InlineData("10s", 10_000)]
    [InlineData("5m", 300_000)]
    [InlineData("1h", 3_600_000)]
    public void A_time_has_a_unit_and_is_shown_as_it_was_written(string text, int milliseconds)
    {
        Assert.Null(Table.Apply(new Setting("idle_limit", [text], "f")));
        Assert.Equal(milliseconds, _top.IdleLimit.TotalMilliseconds);
        Assert.Equal(text, Table.Show(Table.Find("idle_limit")!));
    }

    [Fact]
    public void Every_fault_is_named_at_once_with_its_place()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "{\n  \"cuont\": 1,\n  \"count\": 11,\n  \"part\": { \"idle_limit\": \"10\" }\n}");
            var faults = OptionReader.Read(Table, ["--config", file, "--nonsense", "1", "stray"], new Hashtable { ["GATEWAY_TYPO"] = "1" });
            Assert.Equal(
                [
                    "environment: unknown variable 'GATEWAY_TYPO'; 'gatewayd options' lists all.",
                    "flag --nonsense: unknown option 'nonsense'; 'gatewayd options' lists all.",
                    "'stray' is no option; 'gatewayd --help' shows the usage.",
                    $"{file}:2: unknown option 'cuont'; did you mean 'count'?",
                    $"{file}:3: '11' is out of range: 0 to 10.",
                    $"{file}:4: '10' is not a time like 500ms, 10s, 5m or 1h.",
                ],
                faults);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("{", "f:1: not valid JSON")]
    [InlineData("[]", "f: the configuration must be one JSON object.")]
    [InlineData("{} {", "f:1: not valid JSON")]
    [InlineData("{\n\"foo\": {}}", "f:2: 'foo' is no section; the sections are part.")]
    [InlineData("{\"part\": {\"count\": {\"x\": 1}}}", "f:1: 'part.count' is no section")]
    [InlineData("{\"names\": \"\\ud800\"}", "f: a text holds half a character")]
    [InlineData("{\"count\": 1,\n\"count\": 2}", "f:2: 'count' is written twice.")]
    public void A_broken_file_is_a_line_that_says_where(string json, string fault)
    {
        List<string> faults = [];
        Settings.TryReadJson(Encoding.UTF8.GetBytes(json), "f", ["part"], [], faults);
        Assert.StartsWith(fault, Assert.Single(faults), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("99999999999999d")]
    [InlineData("1e400s")]
    [InlineData("10y")]
    [InlineData("-1s")]
    public void A_time_that_nobody_means_is_refused(string text) =>
        Assert.Equal($"f: '{text}' is not a time like 500ms, 10s, 5m or 1h.", Table.Apply(new Setting("idle_limit", [text], "f")));

    [Theory]
    [InlineData("--part.count", "flag --part.count: unknown option 'part.count'; did you mean '--part-count'?")]
    [InlineData("--cuont", "flag --cuont: unknown option 'cuont'; did you mean '--count'?")]
    public void An_unknown_flag_is_told_in_the_spelling_of_flags(string flag, string says)
    {
        List<string> faults = [];
        Assert.Empty(Settings.FromFlags([flag, "1"], Table, faults));
        Assert.Equal(says, Assert.Single(faults));
    }

    [Fact]
    public void A_list_flag_may_be_repeated_and_split_by_commas()
    {
        List<string> faults = [];
        foreach (var setting in Settings.FromFlags(["--names", "a.test,b.test", "--names=c.test"], Table, faults)) Assert.Null(Table.Apply(setting));
        Assert.Empty(faults);
        Assert.Equal(["a.test", "b.test", "c.test"], _top.Names.Select(name => name.ToString()));
    }

    [Fact]
    public void A_secret_is_never_shown()
    {
        Assert.Null(Table.Apply(new Setting("password", ["hunter2"], "f")));
        Assert.Equal("***", Table.Show(Table.Find("password")!));
    }

    private sealed class Sample : ICheckedOptions
    {
        [Option("A number.", Minimum = 0, Maximum = 10)]
        public int Count { get; set; }

        [Option("A time.")]
        public TimeSpan IdleLimit { get; set; }

        [Option("Addresses.")]
        public IReadOnlyList<IPEndPoint> Listen { get; set; } = [];

        [Option("Names.")]
        public IReadOnlyList<DomainName> Names { get; set; } = [];

        [Option("A secret.")]
        public Secret Password { get; set; }

        public string NoOption { get; set; } = "";

        public IEnumerable<OptionFault> Faults() => [];
    }
}
