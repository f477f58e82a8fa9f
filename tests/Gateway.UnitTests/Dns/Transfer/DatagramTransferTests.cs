using System.Net;
using System.Text;
using Gateway.Dns;
using Gateway.Dns.Transfer;
using Gateway.Dns.Tsig;
using Gateway.Dns.Zones;
using Gateway.Model;
using Gateway.UnitTests.Dns.Tsig;
using Xunit;

namespace Gateway.UnitTests.Dns.Transfer;

/// <summary>IXFR by UDP (RFC 1995 sections 2 and 4), through the whole responder.</summary>
public sealed class DatagramTransferTests
{
    private const long Now = 1_795_176_351;
    private static readonly DomainName Name = DomainName.Parse("zone.example");
    private static readonly byte[] Secret = new byte[32];
    private static readonly IPNetwork Lan = IPNetwork.Parse("192.0.2.0/24");

    private readonly ZoneSet _zones = new();
    private readonly Zone _zone = new(Name, new ZoneDefaults { IsTransferable = true }, 1);
    private readonly Secondary _secondary = new(Name);
    private uint _serial = 1;

    public DatagramTransferTests()
    {
        _zones.Add(_zone);
        for (var i = 0; i < 100; i++) Put($"host{i}", i);
        Commit();
        _secondary.Transfer(new Gateway.Dns.Transfer.Transfers(new TransferPolicy(new TsigKeys([]), [IPNetwork.Parse("127.0.0.0/8")]), 4), _zones, 252);
    }

    [Fact]
    public void The_difference_comes_when_it_fits()
    {
        Put("host3", 77);
        Put("new", 78);
        _zone.Remove(DomainName.Parse("host4.zone.example"));
        Commit();
        Put("new", 79);
        Commit();
        _secondary.TakeMessages(Respond(Open(), WithEdns()));
        Assert.True(_secondary.WasIncremental);
        Assert.Equal(_serial, _secondary.Serial);
        Assert.Contains("new.zone.example 300 1 C000024F", _secondary.Records);
        Assert.DoesNotContain(_secondary.Records, record => record.StartsWith("host4.", StringComparison.Ordinal));
    }

    [Fact]
    public void The_newest_SOA_alone_says_come_by_TCP_when_it_does_not_fit()
    {
        for (var i = 0; i < 12; i++) Put($"host{i}", 100 + i);
        Commit();
        var plain = Respond(Open(), _secondary.Query(251));
        Assert.Contains($" {_serial} ", Assert.Single(Reply.Read(plain).Answer), StringComparison.Ordinal);
        // With room for 1232 octets it fits.
        var whole = Reply.Read(Respond(Open(), WithEdns()));
        Assert.Equal(28, whole.Answer.Count);
        Assert.Equal(1_232, whole.OptSize);
    }

    [Fact]
    [Trait("adv", "D15")]
    public void Any_serial_gets_one_datagram_and_never_the_zone()
    {
        for (var i = 0; i < 5_000; i++) Put($"host{i}", i + 1);
        Commit();
        foreach (var serial in new uint[] { 0, 1, _serial - 1, _serial, _serial + 1, int.MaxValue, uint.MaxValue })
        {
            var query = _secondary.Query(251);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(query.AsSpan(query.Length - 20), serial);
            var reply = Reply.Read(Respond(Open(), query));
            Assert.InRange(reply.Length, 12, 512);
            Assert.Contains($" {_serial} ", Assert.Single(reply.Answer), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_SOA_too_long_for_the_datagram_is_truncated()
    {
        var host = string.Join('.', Enumerable.Repeat(new string('n', 60), 4));
        _zone.Put(Name, Encoding.UTF8.GetBytes($$$"""{"soa":{"ns":"{{{host}}}.","mbox":"{{{host}}}.","refresh":1,"retry":2,"expire":3,"minttl":4}}"""), []);
        Commit();
        var reply = Reply.Read(Respond(Open(), _secondary.Query(251)));
        Assert.True(reply.Truncated);
        Assert.Empty(reply.Answer);
    }

    [Fact]
    [Trait("adv", "D15")]
    public void Strangers_are_refused_and_nobody_may_when_nothing_is_configured()
    {
        foreach (var responder in new[] { new Responder(new ResponderOptions()), Open(IPNetwork.Parse("198.51.100.0/24")), Keyed() })
        {
            var reply = Reply.Read(Respond(responder, WithEdns()));
            Assert.Equal(5, reply.Rcode);
            Assert.Empty(reply.Answer);
            Assert.Equal([0, 18], reply.Option(15));
        }

        Assert.Equal(5, Reply.Read(Respond(Open(), new Secondary(Name).Query(252))).Rcode);
    }

    [Fact]
    public void Another_name_than_a_zone_s_own_is_not_ours_to_transfer()
    {
        var query = Query.Of("host1.zone.example IXFR") with { Rest = (_secondary.Query(251)[^34..], 0, 1, 0) };
        Assert.Equal(9, Reply.Read(Respond(Open(), query.ToBytes())).Rcode);
    }

    [Fact]
    public void A_signed_request_gets_a_signed_difference()
    {
        Put("new", 78);
        Commit();
        var client = new TsigClient("k.example", "hmac-sha256", Secret);
        var answer = Respond(Keyed(), client.Sign(_secondary.Query(251), Now));
        Assert.Equal(0, client.Check(answer, out _));
        Assert.Equal(0, answer[3] & 15);
        Assert.Equal(5, answer[7]);
        Assert.InRange(answer.Length, 12, 512);
    }

    [Fact]
    [Trait("adv", "D15")]
    public void An_overheard_request_is_worth_nothing_from_elsewhere()
    {
        var responder = Keyed();
        var client = new TsigClient("k.example", "hmac-sha256", Secret);
        var request = client.Sign(_secondary.Query(251), Now);
        Assert.Equal(1, Respond(responder, request)[7]);
        // The client itself may send it again, for datagrams get lost.
        Assert.Equal(1, Respond(responder, request)[7]);
        var replayed = Respond(responder, request, from: [192, 0, 2, 99]);
        Assert.Equal(9, replayed[3] & 15);
        Assert.Equal(0, replayed[7]);
        Assert.Equal(18, client.Check(replayed, out _));
        Assert.Equal(1, Respond(responder, client.Sign(_secondary.Query(251), Now + 1), from: [192, 0, 2, 99])[7]);
    }

    [Fact]
    [Trait("adv", "D15")]
    public void Signatures_are_remembered_up_to_a_bound()
    {
        var seen = new SeenSignatures();
        for (var i = 0; i <= SeenSignatures.Most; i++) Assert.False(seen.IsReplay(Mac(i), IPAddress.Loopback));
        Assert.True(seen.IsReplay(Mac(SeenSignatures.Most), IPAddress.IPv6Loopback));
        Assert.False(seen.IsReplay(Mac(0), IPAddress.IPv6Loopback));

        static byte[] Mac(int i) => [.. BitConverter.GetBytes(i), .. new byte[28]];
    }

    private byte[] WithEdns() => (Query.Of("zone.example IXFR") with { Flags = 0, Rest = (_secondary.Query(251)[^34..], 0, 1, 0) }).WithOpt().ToBytes();

    private static Responder Open(IPNetwork? network = null) => new(new ResponderOptions
    {
        Transfers = new Gateway.Dns.Transfer.Transfers(new TransferPolicy(new TsigKeys([]), [network ?? Lan]), 4),
    });

    private static Responder Keyed()
    {
        Assert.True(TsigAlgorithm.TryFind(DomainName.Parse("hmac-sha256"), out var algorithm));
        var keys = new TsigKeys([new TsigKey(DomainName.Parse("k.example"), algorithm, Secret)]);
        return new Responder(new ResponderOptions { Keys = keys, Transfers = new Gateway.Dns.Transfer.Transfers(new TransferPolicy(keys, []), 4) });
    }

    private byte[] Respond(Responder responder, byte[] query, byte[]? from = null)
    {
        var response = new byte[1_232];
        return response[..responder.Respond(query, response, _zones, new Client(from ?? [192, 0, 2, 1], false, (uint)Now))];
    }

    private void Put(string name, int octet) =>
        _zone.Put(DomainName.Parse($"{name}.zone.example"), Encoding.UTF8.GetBytes($$"""{"a":[{"ip":"192.0.{{2 + (octet / 256)}}.{{octet % 256}}"}]}"""), []);

    private void Commit() => _zone.Publish(++_serial, _zone.Digest);
}
