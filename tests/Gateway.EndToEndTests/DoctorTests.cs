using System.Text.Json.Nodes;
using Gateway.EndToEndTests.Recursors;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>
/// A small Internet with domains that are broken in many ways, each served by NSD as its owner left it, and what
/// <c>gateway doctor</c> says of it.
/// </summary>
public sealed class DoctorTests(DoctorTests.BrokenInternet internet) : IClassFixture<DoctorTests.BrokenInternet>
{
    private const string Root = "127.20.0.1";
    private const string Parent = "127.20.0.2";
    private const string One = "127.20.0.3";
    private const string Two = "127.20.0.4";
    private const string Dead = "127.20.0.9";
    private const string SecondParent = "127.20.0.7";
    private const string Walled = "127.20.0.8";
    private const string Forgetful = "127.20.0.10";
    private const string AliasAtApex = "127.20.0.11";
    private const string Gateway = "127.20.0.12";
    private const string Six = "fd53::3";
    private const string DeadSix = "fd53::9";

    private const string Soa = "@ 60 IN SOA ns. hostmaster. 1 3600 600 86400 7\n";
    private const string Key = "257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==";
    private const string Keyed = $"{Soa}@ 60 IN NS ns1.gw.example.\n@ 60 IN DNSKEY {Key}\n";
    private const string Ours = "@ 60 IN NS ns1.gw.example.\n@ 60 IN NS ns2.gw.example.\n";

    /// <summary>What the zone "example" says of each domain.</summary>
    private const string Delegations = $"""
        {Soa}
        @ 60 IN NS ns.example.
        ns 60 IN A {Parent}
        gw 60 IN NS ns1.gw.example.
        gw 60 IN NS ns2.gw.example.
        ns1.gw 60 IN A {One}
        ns2.gw 60 IN A {Two}
        dead 60 IN A {Dead}
        alias-server 60 IN CNAME ns.example.
        fine 60 IN NS ns1.gw.example.
        fine 60 IN NS ns2.gw.example.
        exists 60 IN A 192.0.2.1
        aliased 60 IN CNAME ns.example.
        elsewhere 60 IN NS ns.example.
        partly 60 IN NS ns1.gw.example.
        partly 60 IN NS ns.example.
        noglue 60 IN NS ns.noglue.example.
        wrongglue 60 IN NS ns.wrongglue.example.
        ns.wrongglue 60 IN A {One}
        nowhere 60 IN NS absent.example.
        byalias 60 IN NS alias-server.example.
        lame 60 IN NS ns1.gw.example.
        halflame 60 IN NS ns1.gw.example.
        halflame 60 IN NS ns2.gw.example.
        silent 60 IN NS dead.example.
        halfsilent 60 IN NS ns1.gw.example.
        halfsilent 60 IN NS dead.example.
        upward 60 IN NS ns.example.
        signed 60 IN NS ns1.gw.example.
        signed 60 IN DS 12345 13 2 0000000000000000000000000000000000000000000000000000000000000000
        rolled 60 IN NS ns1.gw.example.
        rolled 60 IN DS 12345 13 2 0000000000000000000000000000000000000000000000000000000000000000
        keyed 60 IN NS ns1.gw.example.
        keyed 60 IN DS 12345 13 2 0000000000000000000000000000000000000000000000000000000000000000
        keyed 60 IN DS 55648 13 2 BE122B703737DAAE7093353835BA25A9D3EBF6AFD70EBDDD1CF5B867516B09A6
        ours 60 IN NS ours-server.example.
        ours 60 IN DS 12345 13 2 0000000000000000000000000000000000000000000000000000000000000000
        ours-server 60 IN A 127.20.0.12
        caa 60 IN NS ns1.gw.example.
        differ 60 IN NS ns1.gw.example.
        serials 60 IN NS ns1.gw.example.
        serials 60 IN NS ns2.gw.example.
        notcp 60 IN NS notcp-server.example.
        notcp-server 60 IN A 127.20.0.5
        noudp 60 IN NS noudp-server.example.
        noudp-server 60 IN A 127.20.0.6
        sixonly 60 IN NS six-server.example.
        six-server 60 IN AAAA fd53::3
        sixdead 60 IN NS both-server.example.
        both-server 60 IN A 127.20.0.3
        both-server 60 IN AAAA fd53::9
        walled 60 IN NS walled-server.example.
        walled-server 60 IN A 127.20.0.8
        late 60 IN NS ns1.gw.example.
        late 60 IN NS ns2.gw.example.
        apex 60 IN NS apex-server.example.
        apex-server 60 IN A 127.20.0.11
        failing 60 IN NS ns1.gw.example.
        """;

    [Theory]
    [InlineData("gw.example", "good", "all its servers answer")]
    [InlineData("fine.example", "good", "all its servers answer")]
    [InlineData("absent.example", "not_delegated", "remember for up to 7 s")]
    [InlineData("exists.example", "no_ns_records", "but without NS records")]
    [InlineData("aliased.example", "alias_in_parent", "is a CNAME in the zone 'example.'")]
    [InlineData("elsewhere.example", "delegated_elsewhere", "to ns.example;")]
    [InlineData("partly.example", "partly_elsewhere", "to ns.example as well")]
    [InlineData("noglue.example", "glue_missing", "add 'ns.noglue.example. A")]
    [InlineData("wrongglue.example", "glue_wrong", $"gives {One} as the address of 'ns.wrongglue.example', but it is {Two}")]
    [InlineData("nowhere.example", "server_without_address", "'absent.example'")]
    [InlineData("byalias.example", "server_is_alias", "'alias-server.example'")]
    [InlineData("lame.example", "lame_refused", $"ns1.gw.example ({One}) refuses")]
    [InlineData("halflame.example", "lame_refused", $"ns2.gw.example ({Two}) refuses")]
    [InlineData("silent.example", "no_server_answers", $"dead.example at {Dead}")]
    [InlineData("halfsilent.example", "server_silent", $"dead.example ({Dead}) does not answer")]
    [InlineData("upward.example", "lame_not_authoritative", "without authority")]
    [InlineData("signed.example", "old_ds", "remove the DS there")]
    [InlineData("rolled.example", "old_ds", "fits none of the keys that its servers have")]
    [InlineData("keyed.example", "good", "all its servers answer")]
    [InlineData("ours.example", "old_ds", "its servers sign nothing")]
    [InlineData("caa.example", "caa_forbids", "lets nobody issue certificates")]
    [InlineData("differ.example", "ns_differ", "make both the same")]
    [InlineData("serials.example", "serials_differ", "different versions")]
    [InlineData("notcp.example", "tcp_blocked", "answers by UDP only")]
    [InlineData("noudp.example", "udp_blocked", "answers by TCP only")]
    [InlineData("name.test", "not_delegated", "the zone '.' says")]
    [InlineData("sixonly.example", "good", "all its servers answer")]
    [InlineData("sixdead.example", "family_silent", $"both-server.example answers by IPv4 ({One}), but not by IPv6 ({DeadSix})")]
    [InlineData("apex.example", "alias_at_apex", "itself is a CNAME")]
    [InlineData("failing.example", "lame_failing", "fails for 'failing.example'")]
    [InlineData("x.split", "parent_disagrees", $"{SecondParent} gives another delegation")]
    [InlineData("x.refusing", "parent_failing", "The servers of 'refusing.' answer with an error")]
    [InlineData("x.lost", "parent_silent", "No server of 'lost.' answers")]
    public async Task Each_broken_domain_is_diagnosed(string domain, string code, string says)
    {
        // Where a domain is delegated to is judged only where the test is about that.
        string[] expected = code is "delegated_elsewhere" or "partly_elsewhere" ? ["--nameserver", "ns1.gw.example", "--nameserver", "ns2.gw.example"] : [];
        var ended = await internet.DoctorAsync([domain, "--root", Root, "--json", .. expected]);
        var json = JsonNode.Parse(ended.Output)!;
        Assert.Equal(code, (string?)json["diagnosis"]);
        Assert.Contains(says, (string?)json["text"], StringComparison.Ordinal);
        Assert.Equal(code == "good" ? 0 : 1, ended.Code);
        TestContext.Current.TestOutputHelper?.WriteLine($"{domain}: {code} after {json["questions"]} questions in {json["milliseconds"]} ms");
    }

    [Fact]
    public async Task A_wall_that_swallows_TCP_is_noticed_by_patience()
    {
        var ended = await internet.DoctorAsync(["walled.example", "--root", Root, "--timeout", "2"]);
        Assert.Contains($"walled-server.example ({Walled}) answers by UDP only", ended.Error, StringComparison.Ordinal);
        Assert.Matches("[0-9]+ questions in [0-9]+ ms", ended.Error);
    }

    [Fact]
    public async Task A_resolver_that_remembers_the_time_before_is_named_with_the_seconds_left()
    {
        var ended = await internet.DoctorAsync(["late.example", "--root", Root, "--resolver", Forgetful, "--json"]);
        var json = JsonNode.Parse(ended.Output)!;
        Assert.Equal("still_remembered", (string?)json["diagnosis"]);
        Assert.Matches($"the resolver {Forgetful} still remembers for [1-7] s", (string?)json["text"]);
        Assert.Equal("good", (string?)JsonNode.Parse((await internet.DoctorAsync(["late.example", "--root", Root, "--resolver", Dead, "--json"])).Output)!["diagnosis"]);
    }

    [Fact]
    public async Task A_machine_that_reaches_no_root_is_told_so()
    {
        var ended = await internet.DoctorAsync(["gw.example", "--root", Dead]);
        Assert.Equal(1, ended.Code);
        Assert.Contains("cannot reach the root servers", ended.Error, StringComparison.Ordinal);
    }

    /// <summary>Root, parent and two name servers in a network namespace, each with port 53.</summary>
    public sealed class BrokenInternet : IAsyncLifetime
    {
        private readonly TemporaryDirectory _directory = new();
        private PrivateNetwork? _network;

        public async ValueTask InitializeAsync()
        {
            _network = await PrivateNetwork.CreateAsync();
            foreach (var address in new[] { Six, DeadSix }) await _network.MustAsync("ip", "-6", "addr", "add", address, "dev", "lo", "nodad");
            // Packets to this port vanish, as behind many a firewall.
            await _network.MustAsync("nft", $"add table ip wall; add chain ip wall in {{ type filter hook input priority 0; }}; add rule ip wall in ip daddr {Walled} tcp dport 53 drop");
            Serve(Root, (".", $"{Soa}@ 60 IN NS a.root.\na.root. 60 IN A {Root}\nexample. 60 IN NS ns.example.\nns.example. 60 IN A {Parent}\n" +
                $"split. 60 IN NS ns.example.\nsplit. 60 IN NS second.example.\nsecond.example. 60 IN A {SecondParent}\nrefusing. 60 IN NS ns.example.\nlost. 60 IN NS dead.root.\ndead.root. 60 IN A {Dead}\n"));
            // It delegates "upward" to itself without serving it, and so refers whoever asks to itself.
            Serve(Parent, ("example.", Delegations), ("split.", $"{Soa}@ 60 IN NS ns.example.\nx 60 IN NS ns1.gw.example.\n"));
            Serve(SecondParent, ("split.", $"{Soa}@ 60 IN NS ns.example.\n"));
            Serve(Walled, ("walled.example.", $"{Soa}@ 60 IN NS walled-server.example.\n"));
            Serve(Six, ("sixonly.example.", $"{Soa}@ 60 IN NS six-server.example.\n"));
            ServeHalf(Forgetful, "do-tcp: yes", "late.example.", null);
            ServeHalf(AliasAtApex, "do-tcp: yes", "apex.example.", "CNAME elsewhere.example.");
            Serve(One,
                ("gw.example.", $"{Soa}{Ours}ns1 60 IN A {One}\nns2 60 IN A {Two}\n"), ("fine.example.", Soa + Ours), ("halflame.example.", Soa + Ours),
                ("wrongglue.example.", $"{Soa}@ 60 IN NS ns.wrongglue.example.\nns 60 IN A {Two}\n"), ("halfsilent.example.", $"{Soa}@ 60 IN NS ns1.gw.example.\n@ 60 IN NS dead.example.\n"),
                ("signed.example.", $"{Soa}@ 60 IN NS ns1.gw.example.\n"), ("rolled.example.", Keyed), ("keyed.example.", Keyed), ("caa.example.", $"{Soa}@ 60 IN NS ns1.gw.example.\n@ 60 IN CAA 0 issue \";\"\n"),
                ("differ.example.", $"{Soa}@ 60 IN NS ns2.gw.example.\n"), ("serials.example.", Soa.Replace(" 1 ", " 2 ", StringComparison.Ordinal) + Ours), ("partly.example.", Soa + Ours),
                ("late.example.", Soa + Ours), ("sixdead.example.", $"{Soa}@ 60 IN NS both-server.example.\n"), ("failing.example.", "no zone\n"), ("x.split.", $"{Soa}@ 60 IN NS ns1.gw.example.\n"));
            Serve(Two, ("gw.example.", $"{Soa}{Ours}ns1 60 IN A {One}\nns2 60 IN A {Two}\n"), ("fine.example.", Soa + Ours), ("serials.example.", Soa + Ours), ("late.example.", Soa + Ours));
            ServeHalf("127.20.0.5", "do-tcp: no", "notcp.example.", "NS notcp-server.example.");
            ServeGateway();
            ServeHalf("127.20.0.6", "do-udp: no", "noudp.example.", "NS noudp-server.example.");
            foreach (var server in new[] { Root, Parent, One, Two, SecondParent, Walled, Six, Forgetful, AliasAtApex, Gateway })
                await Programs.EventuallyAsync(async () => (await _network.RunAsync("dig", [$"@{server}", "+time=2", "+tries=1", "example.", "SOA"])).Code == 0, $"{server} answers\n{_network.Log}");
            await Programs.EventuallyAsync(async () => (await _network.RunAsync("dig", [$"@{Gateway}", "+short", "ours.example.", "SOA"])).Output.Contains("ours-server", StringComparison.Ordinal), $"the gateway serves its zone\n{_network.Log}");
        }

        public async ValueTask DisposeAsync()
        {
            if (_network is not null) await _network.DisposeAsync();
            _directory.Dispose();
        }

        // Patient, for the machine may be busy: nobody here is silent without refusing at once.
        internal Task<Ended> DoctorAsync(string[] arguments) => _network!.RunAsync(Programs.Gateway, ["doctor", .. arguments.Contains("--timeout") ? [] : new[] { "--timeout", "20" }, .. arguments.Contains("--resolver") ? [] : new[] { "--resolver", Dead }, .. arguments]);

        /// <summary>A node of ours, which signs nothing.</summary>
        private void ServeGateway() => _network!.Start(
            Programs.Gatewayd, "--state", _directory.File("gateway"), "--domains", "ours.example", "--nameservers", "ours-server.example", "--dns-listen", $"{Gateway}:53", "--admin", "127.0.0.1:0",
            "--explorer-listen", "127.0.0.1:0", "--router-http-listen", "127.0.0.1:0", "--router-tls-listen", "127.0.0.1:0", "--router-tunnel-listen", "127.0.0.1:0", "--reconciler-resolvers", "127.0.0.1:1");

        /// <summary>A server that Unbound plays, deaf to one of the two transports.</summary>
        private void ServeHalf(string address, string option, string zone, string? record)
        {
            File.WriteAllText(_directory.File(address + ".conf"), $"""
                server:
                  interface: {address}
                  access-control: 127.0.0.0/8 allow
                  {option}
                  do-ip6: no
                  do-daemonize: no
                  chroot: ""
                  username: ""
                  directory: "{_directory.Path}"
                  pidfile: ""
                  use-syslog: no
                  module-config: "iterator"
                  local-zone: "{(record is null ? "example." : zone)}" static
                  {(record is null ? "" : $"local-data: \"{zone} 60 IN {record}\"")}
                  local-data: "{(record is null ? "example." : zone)} 7 IN SOA ns. hostmaster. 1 3600 600 86400 7"
                remote-control:
                  control-enable: no

                """);
            _network!.Start("/usr/sbin/unbound", "-d", "-c", _directory.File(address + ".conf"));
        }

        private void Serve(string address, params (string Name, string Contents)[] zones)
        {
            var configuration = $"""
                server:
                  ip-address: {address}
                  server-count: 1
                  username: ""
                  database: ""
                  zonesdir: "{_directory.Path}"
                  pidfile: "{_directory.Path}/{address}.pid"
                  xfrdfile: "{_directory.Path}/{address}.state"
                  xfrdir: "{_directory.Path}"
                  zonelistfile: "{_directory.Path}/{address}.list"
                  rrl-ratelimit: 0
                remote-control:
                  control-enable: no

                """;
            foreach (var (name, contents) in zones)
            {
                var file = _directory.File($"{address}-{name}zone");
                File.WriteAllText(file, contents + "\n");
                configuration += $"zone:\n  name: \"{name}\"\n  zonefile: \"{file}\"\n";
            }

            File.WriteAllText(_directory.File(address + ".conf"), configuration);
            _network!.Start("/usr/sbin/nsd", "-d", "-c", _directory.File(address + ".conf"));
        }
    }
}
