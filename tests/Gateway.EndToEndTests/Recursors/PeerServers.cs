namespace Gateway.EndToEndTests.Recursors;

/// <summary>Configurations of the servers of others: NSD for the zones above and beside ours, Unbound and BIND as recursors.</summary>
internal static class PeerServers
{
    public const string Root = "127.10.0.1";
    public const string Parent = "127.10.0.2";
    public const string Beside = "127.10.0.3";
    public const string Unbound = "127.10.0.4";

    /// <summary>BIND listens on the addresses that an interface has, and this is the one that loopback has.</summary>
    public const string Bind = "127.0.0.1";

    private const string Soa = "@ 60 IN SOA ns. hostmaster. 1 3600 600 86400 5\n";

    public const string RootZone = $"""
        {Soa}
        @ 60 IN NS a.root.
        a.root. 60 IN A {Root}
        example. 60 IN NS ns.example.
        ns.example. 60 IN A {Parent}
        """;

    /// <summary>The managed domain with glue, and the users' domains as their owners delegate them.</summary>
    public const string ParentZone = $"""
        {Soa}
        @ 60 IN NS ns.example.
        ns 60 IN A {Parent}
        gw 60 IN NS ns1.gw.example.
        gw 60 IN NS ns2.gw.example.
        ns1.gw 60 IN A {DelegatedNames.First}
        ns2.gw 60 IN A {DelegatedNames.Second}
        alice 60 IN NS ns1.gw.example.
        alice 60 IN NS ns2.gw.example.
        mallory 60 IN NS ns1.gw.example.
        bank 60 IN A 192.0.2.90
        www.bank 60 IN A 192.0.2.91
        ns-beside 60 IN A {Beside}
        """;

    /// <summary>A zone that ours delegate further.</summary>
    public const string BesideZone = $"""
        {Soa}
        @ 60 IN NS ns-beside.example.
        www 60 IN A 192.0.2.30
        """;

    public const string Hints = $". 3600 IN NS a.root.\na.root. 3600 IN A {Root}\n";

    public static string NsdConfiguration(string directory, string address, string zone, string file) => $"""
        server:
          ip-address: {address}
          server-count: 1
          username: ""
          database: ""
          zonesdir: "{directory}"
          pidfile: "{directory}/nsd-{address}.pid"
          xfrdfile: "{directory}/xfrd-{address}.state"
          xfrdir: "{directory}"
          zonelistfile: "{directory}/zone-{address}.list"
          rrl-ratelimit: 0
        remote-control:
          control-enable: no
        zone:
          name: "{zone}"
          zonefile: "{file}"
        """;

    public static string UnboundConfiguration(string directory) => $"""
        server:
          interface: {Unbound}
          outgoing-interface: {Unbound}
          access-control: 127.0.0.0/8 allow
          do-not-query-localhost: no
          do-ip6: no
          do-daemonize: no
          chroot: ""
          username: ""
          directory: "{directory}"
          pidfile: ""
          use-syslog: no
          module-config: "iterator"
          root-hints: "{directory}/root.hints"
          qname-minimisation: yes
          qname-minimisation-strict: yes
          harden-glue: yes
          harden-referral-path: yes
        remote-control:
          control-enable: no
        """;

    public static string BindConfiguration(string directory) => $$"""
        options {
          directory "{{directory}}";
          pid-file none;
          session-keyfile "{{directory}}/session.key";
          managed-keys-directory "{{directory}}";
          listen-on { {{Bind}}; };
          listen-on-v6 { none; };
          recursion yes;
          allow-recursion { any; };
          dnssec-validation no;
          empty-zones-enable no;
          qname-minimization strict;
        };
        controls { };
        zone "." { type hint; file "{{directory}}/root.hints"; };
        """;
}
