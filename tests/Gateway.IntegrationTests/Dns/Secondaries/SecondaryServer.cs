using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gateway.IntegrationTests.Dns.Secondaries;

/// <summary>A name server of somebody else's that is a secondary of ours, in a directory and on a port of its own.</summary>
internal sealed class SecondaryServer : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gateway-secondary-").FullName;
    private readonly StringBuilder _log = new();
    private Process? _process;

    public int Port { get; } = FreePort();

    public string Log
    {
        get
        {
            lock (_log) return _log.ToString();
        }
    }

    public void Start(string kind, Primary primary)
    {
        var (program, arguments, configuration) = kind switch
        {
            "nsd" => ("/usr/sbin/nsd", new[] { "-d", "-c" }, Nsd(primary)),
            "knot" => ("/usr/sbin/knotd", ["-c"], Knot(primary)),
            _ => ("/usr/sbin/named", ["-g", "-n", "1", "-c"], Bind(primary)),
        };
        var file = Path.Combine(_directory, "server.conf");
        File.WriteAllText(file, configuration);
        var start = new ProcessStartInfo(program, [.. arguments, file]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _directory };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_log) _log.AppendLine(line.Data);
    }

    private string Nsd(Primary primary) => $"""
        server:
          ip-address: 127.0.0.1@{Port}
          server-count: 1
          username: ""
          database: ""
          zonesdir: "{_directory}"
          pidfile: "{_directory}/nsd.pid"
          xfrdfile: "{_directory}/xfrd.state"
          xfrdir: "{_directory}"
          zonelistfile: "{_directory}/zone.list"
          verbosity: 2
          rrl-ratelimit: 0
        remote-control:
          control-enable: no
        key:
          name: "{Primary.Key}"
          algorithm: {primary.Algorithm}
          secret: "{Primary.Base64}"
        zone:
          name: "zone.example"
          zonefile: "zone.db"
          request-xfr: 127.0.0.1@{primary.Port} {Primary.Key}
          allow-notify: 127.0.0.1 {Primary.Key}
        """;

    private string Knot(Primary primary) => $"""
        server:
          rundir: "{_directory}"
          listen: 127.0.0.1@{Port}
        log:
          - target: stderr
            any: info
        database:
          storage: "{_directory}"
        key:
          - id: {Primary.Key}
            algorithm: {primary.Algorithm}
            secret: {Primary.Base64}
        remote:
          - id: primary
            address: 127.0.0.1@{primary.Port}
            key: {Primary.Key}
        acl:
          - id: notify
            address: 127.0.0.1
            key: {Primary.Key}
            action: notify
        zone:
          - domain: zone.example
            storage: "{_directory}"
            master: primary
            acl: notify
        """;

    private string Bind(Primary primary) => $$"""
        options {
          directory "{{_directory}}";
          pid-file none;
          session-keyfile "{{_directory}}/session.key";
          managed-keys-directory "{{_directory}}";
          listen-on port {{Port}} { 127.0.0.1; };
          listen-on-v6 { none; };
          recursion no;
          dnssec-validation no;
        };
        controls { };
        key "{{Primary.Key}}" { algorithm {{primary.Algorithm}}; secret "{{Primary.Base64}}"; };
        zone "zone.example" {
          type secondary;
          primaries { 127.0.0.1 port {{primary.Port}} key "{{Primary.Key}}"; };
          allow-notify { key "{{Primary.Key}}"; };
          file "zone.db";
        };
        """;

    private static int FreePort()
    {
        // TCP and UDP alike: what is free for both is taken by nobody in the blink until the server has it.
        using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)tcp.LocalEndPoint!).Port;
    }
}
