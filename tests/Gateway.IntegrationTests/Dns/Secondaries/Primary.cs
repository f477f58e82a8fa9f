using System.Net;
using System.Text;
using Gateway.Dns;
using Gateway.Dns.Zones;
using Gateway.Model;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.IntegrationTests.Dns.Secondaries;

/// <summary>Our name server with one zone and no Redis: the test is the zone's writer.</summary>
internal sealed class Primary : IAsyncDisposable
{
    public const string Key = "transfer.key";

    private readonly CancellationTokenSource _stop = new();
    private readonly ZoneFeed _feed;
    private readonly NameServer _server;
    private readonly Task _running;
    private readonly Zone _zone;

    public Primary(string algorithm, params string[] secondaries)
    {
        Algorithm = algorithm;
        var options = new DnsOptions
        {
            Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
            UdpThreads = 1,
            TransferKeys = [new Secret($"{Key}:{algorithm}:{Base64}")],
            TransferNetworks = [IPNetwork.Parse("127.0.0.0/8")],
            Secondaries = secondaries,
        };
        Assert.Empty(options.Faults());
        _feed = new ZoneFeed(null, options, null, TimeProvider.System, NullLoggerFactory.Instance);
        _zone = new Zone(DomainName.Parse("zone.example"), options.ZoneDefaults, 1);
        _feed.Zones.Add(_zone);
        _server = new NameServer(options, _feed, TimeProvider.System, NullLoggerFactory.Instance);
        Assert.Empty(_server.Bind());
        _running = _server.RunAsync(_stop.Token);
    }

    public static string Base64 { get; } = Convert.ToBase64String([.. Enumerable.Range(7, 64).Select(i => (byte)i)]);

    public string Algorithm { get; }

    public int Port => _server.Bound[0].Port;

    public uint Serial => _zone.Serial;

    public Gateway.Dns.Transfer.Transfers Transfers => _server.Transfers!;

    /// <summary>What dig -y and kdig -y want.</summary>
    public string KeyArgument => $"{Algorithm}:{Key}:{Base64}";

    public void Put(string name, string json)
    {
        var whole = name == "@" ? _zone.Name : DomainName.Parse($"{name}.zone.example");
        _zone.Put(whole, Encoding.UTF8.GetBytes(json), []);
    }

    public void Remove(string name) => _zone.Remove(DomainName.Parse($"{name}.zone.example"));

    /// <summary>Serves the changes under the next serial, and tells the secondaries.</summary>
    public void Commit() => _feed.Publish(_zone, Serial + 1, _zone.Digest);

    /// <summary>A zone with something of every kind.</summary>
    public void Fill()
    {
        Put("@", """{"ns":[{"host":"ns1.zone.example."},{"host":"ns.other.example."}],"mx":[{"host":"mail.zone.example.","preference":10}],"txt":[{"text":"v=spf1 -all"}],"caa":[{"flag":0,"tag":"issue","value":"ca.example"}]}""");
        Put("ns1", """{"a":[{"ip":"192.0.2.1"}],"aaaa":[{"ip":"2001:db8::1"}]}""");
        Put("mail", """{"a":[{"ip":"192.0.2.2"}]}""");
        Put("www", """{"cname":[{"host":"web.zone.example."}]}""");
        Put("web", """{"a":[{"ip":"192.0.2.3"},{"ip":"192.0.2.4"}],"txt":[{"text":"with \"quotes\" and ; more"}]}""");
        Put("*.wild", """{"a":[{"ip":"192.0.2.5"}]}""");
        Put("_sip._tcp", """{"srv":[{"target":"web.zone.example.","port":5060,"priority":1,"weight":2}]}""");
        Put("child", """{"ns":[{"host":"ns.child.zone.example."}]}""");
        Put("ns.child", """{"a":[{"ip":"192.0.2.6"}]}""");
        for (var i = 0; i < 2_000; i++) Put($"host{i}", $$"""{"a":[{"ip":"10.1.{{i / 256}}.{{i % 256}}"}]}""");
        Commit();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _server.DisposeAsync();
        _stop.Dispose();
    }
}
