using System.Net;
using System.Text;
using Gateway.Dns.Transfer;
using Gateway.Dns.Tsig;
using Gateway.Dns.Wire;
using Gateway.Dns.Zones;
using Gateway.Model;
using Xunit;

namespace Gateway.UnitTests.Dns.Transfer;

public sealed class TransferTests
{
    private static readonly DomainName Name = DomainName.Parse("zone.example");
    private static readonly ZoneDefaults Defaults = new() { IsTransferable = true };
    private static readonly Gateway.Dns.Transfer.Transfers Open = new(new TransferPolicy(new TsigKeys([]), [IPNetwork.Parse("0.0.0.0/0")]), 4);

    private readonly ZoneSet _zones = new();
    private readonly Zone _zone = new(Name, Defaults, 1);
    private uint _serial = 1;

    public TransferTests() => _zones.Add(_zone);

    [Fact]
    public void A_whole_zone_starts_and_ends_with_its_SOA_and_has_every_record_once()
    {
        Put("@", """{"mx":[{"host":"mail.zone.example.","preference":10}]}""");
        for (var i = 0; i < 50; i++) Put($"h{i}.deep", $$"""{"a":[{"ip":"192.0.2.{{i}}"},{"ip":"198.51.100.{{i}}"}],"txt":[{"text":"host {{i}}"}]}""");
        Put("*", """{"a":[{"ip":"192.0.2.99"}]}""");
        Commit();
        var secondary = new Secondary(Name);
        secondary.Transfer(Open, _zones, 252);
        // SOA, NS and MX of the zone's own name; three for each host; the wildcard. Empty non-terminals have none.
        Assert.Equal(3 + 150 + 1, secondary.Records.Count);
        Assert.Equal(2u, secondary.Serial);
        Assert.Contains("*.zone.example 300 1 C0000263", secondary.Records);
    }

    [Fact]
    public void Messages_are_filled_up_to_16_KiB()
    {
        for (var i = 0; i < 3_000; i++) Put($"host{i}", $$"""{"a":[{"ip":"10.0.{{i / 256}}.{{i % 256}}"}]}""");
        Commit();
        var secondary = new Secondary(Name);
        secondary.Transfer(Open, _zones, 252);
        Assert.Equal(3_002, secondary.Records.Count);
        Assert.All(secondary.Messages, message => Assert.InRange(message.Length, 1, 16_384));
        Assert.All(secondary.Messages.SkipLast(1), message => Assert.InRange(message.Length, 16_300, 16_384));
    }

    [Fact]
    public void A_record_longer_than_that_goes_alone()
    {
        Put("a", """{"a":[{"ip":"192.0.2.1"}]}""");
        Put("long", $$"""{"txt":[{"text":"{{new string('x', 40_000)}}"}]}""");
        Put("z", """{"a":[{"ip":"192.0.2.2"}]}""");
        Commit();
        var secondary = new Secondary(Name);
        secondary.Transfer(Open, _zones, 252);
        Assert.Equal(5, secondary.Records.Count);
        Assert.Contains(secondary.Messages, message => message.Length > 40_000);
    }

    [Fact]
    public void What_is_not_committed_yet_is_not_in_a_transfer()
    {
        Put("old", """{"a":[{"ip":"192.0.2.1"}]}""");
        Put("changed", """{"a":[{"ip":"192.0.2.2"}]}""");
        Commit();
        var before = new Secondary(Name);
        before.Transfer(Open, _zones, 252);
        Put("new", """{"a":[{"ip":"192.0.2.3"}]}""");
        Put("changed", """{"a":[{"ip":"192.0.2.4"}]}""");
        Put("changed", """{"a":[{"ip":"192.0.2.5"}]}""");
        Put("@", """{"txt":[{"text":"new"}]}""");
        _zone.Remove(NameOf("old"));
        var during = new Secondary(Name);
        during.Transfer(Open, _zones, 252);
        Assert.Equal(before.Records, during.Records);
        Assert.Equal(before.Serial, during.Serial);
        Commit();
        during.Transfer(Open, _zones, 251);
        Assert.True(during.WasIncremental);
        Assert.Contains("changed.zone.example 300 1 C0000205", during.Records);
        Assert.DoesNotContain(during.Records, record => record.StartsWith("old", StringComparison.Ordinal));
    }

    [Fact]
    public void A_secondary_that_is_up_to_date_gets_the_SOA_alone()
    {
        Put("a", """{"a":[{"ip":"192.0.2.1"}]}""");
        Commit();
        var secondary = new Secondary(Name);
        secondary.Transfer(Open, _zones, 252);
        secondary.Transfer(Open, _zones, 251);
        Assert.Single(secondary.Messages);
        Assert.Equal(2u, secondary.Serial);
    }

    [Fact]
    [Trait("adv", "D15")]
    public void A_serial_that_is_not_remembered_gets_the_whole_zone()
    {
        Put("a", """{"a":[{"ip":"192.0.2.1"}]}""");
        Commit();
        var stranger = new Secondary(Name);
        stranger.Transfer(Open, _zones, 251);
        Assert.False(stranger.WasIncremental);
        Assert.Equal(3, stranger.Records.Count);
    }

    [Fact]
    public void A_journal_is_bounded_and_a_secondary_too_far_behind_gets_the_whole_zone()
    {
        Put("a", """{"a":[{"ip":"192.0.2.1"}]}""");
        Commit();
        var late = new Secondary(Name);
        late.Transfer(Open, _zones, 252);
        for (var i = 0; i < ZoneJournal.MostChanges + 10; i++)
        {
            Put("a", $$"""{"a":[{"ip":"10.0.{{i / 256}}.{{i % 256}}"}]}""");
            Commit();
        }

        var near = new Secondary(Name);
        near.Transfer(Open, _zones, 252);
        Put("a", """{"a":[{"ip":"192.0.2.7"}]}""");
        Commit();
        near.Transfer(Open, _zones, 251);
        late.Transfer(Open, _zones, 251);
        Assert.True(near.WasIncremental);
        Assert.False(late.WasIncremental);
        Assert.Equal(near.Records, late.Records);
    }

    [Fact]
    public void Secondaries_that_follow_by_steps_have_what_the_zone_has()
    {
        var random = new Random(1995);
        for (var round = 0; round < 30; round++)
        {
            var followers = Enumerable.Range(0, 3).Select(_ => new Secondary(Name)).ToList();
            Commit();
            foreach (var follower in followers) follower.Transfer(Open, _zones, 252);
            for (var step = 0; step < 40; step++)
            {
                for (var changes = random.Next(4); changes > 0; changes--) ChangeSomething(random);
                if (random.Next(3) > 0) Commit();
                var follower = followers[random.Next(followers.Count)];
                follower.Transfer(Open, _zones, 251);
                Assert.True(follower.WasIncremental || follower.Messages.Count == 1);
            }

            Commit();
            var whole = new Secondary(Name);
            whole.Transfer(Open, _zones, 252);
            foreach (var follower in followers)
            {
                follower.Transfer(Open, _zones, 251);
                Assert.Equal(whole.Records.Order(), follower.Records.Order());
                Assert.Equal(_serial, follower.Serial);
            }
        }
    }

    [Theory]
    [Trait("adv", "D15")]
    [InlineData(false, "", "192.0.2.1", false)]
    [InlineData(false, "192.0.2.0/24", "192.0.2.1", true)]
    [InlineData(false, "192.0.2.0/24", "192.0.3.1", false)]
    [InlineData(true, "", "192.0.2.1", false)]
    [InlineData(true, "192.0.2.0/24", "192.0.2.1", false)]
    public void Nobody_takes_a_zone_who_may_not(bool wantsKey, string network, string client, bool expected)
    {
        Commit();
        Assert.True(TsigAlgorithm.TryFind(DomainName.Parse("hmac-sha256"), out var algorithm));
        var keys = new TsigKeys(wantsKey ? [new TsigKey(DomainName.Parse("k"), algorithm, new byte[32])] : []);
        var transfers = new Gateway.Dns.Transfer.Transfers(new TransferPolicy(keys, network.Length == 0 ? [] : [IPNetwork.Parse(network)]), 4);
        Assert.True(Request.TryRead(new Secondary(Name).Query(252), out var request));
        Assert.Equal(expected, transfers.TryOpen(request, _zones, IPAddress.Parse(client), null, out var transfer, out var rcode));
        if (!expected) Assert.Equal(Rcode.Refused, rcode);
        transfer?.Dispose();
        Assert.Equal(0, transfers.Running);
    }

    [Fact]
    public void There_are_only_so_many_transfers_at_once()
    {
        Commit();
        var open = new List<Gateway.Dns.Transfer.Transfer>();
        Assert.True(Request.TryRead(new Secondary(Name).Query(252), out var request));
        while (Open.TryOpen(request, _zones, IPAddress.Loopback, null, out var transfer, out _)) open.Add(transfer);
        Assert.Equal(4, open.Count);
        open.ForEach(transfer => transfer.Dispose());
        Assert.Equal(0, Open.Running);
        Assert.True(Open.TryOpen(request, _zones, IPAddress.Loopback, null, out var again, out _));
        again.Dispose();
    }

    [Fact]
    public void A_zone_that_is_still_being_loaded_is_not_given_away()
    {
        Put("a", """{"a":[{"ip":"192.0.2.1"}]}""");
        Assert.True(Request.TryRead(new Secondary(Name).Query(252), out var request));
        Assert.False(Open.TryOpen(request, _zones, IPAddress.Loopback, null, out _, out var rcode));
        Assert.Equal(Rcode.ServFail, rcode);
    }

    [Fact]
    public void Other_names_than_a_zone_s_own_are_not_ours_to_transfer()
    {
        Commit();
        foreach (var name in new[] { "a.zone.example", "example", "." })
        {
            Assert.True(Request.TryRead(new Secondary(DomainName.Parse(name)).Query(252), out var request));
            Assert.False(Open.TryOpen(request, _zones, IPAddress.Loopback, null, out _, out var rcode));
            Assert.Equal(Rcode.NotAuth, rcode);
        }
    }

    [Fact]
    public void Who_speaks_EDNS_is_answered_so_in_the_first_message()
    {
        Commit();
        Assert.True(Request.TryRead(new Secondary(Name).Query(252, withOpt: true), out var request));
        Assert.True(Open.TryOpen(request, _zones, IPAddress.Loopback, null, out var transfer, out _));
        using (transfer) new Secondary(Name).Take(transfer);
    }

    [Fact]
    public void A_transfer_and_a_writer_do_not_disturb_each_other()
    {
        for (var i = 0; i < 500; i++) Put($"h{i}", """{"a":[{"ip":"192.0.2.0"}]}""");
        Commit();
        // Every commit gives all names one address, so a transfer that mixes two serials shows two.
        var writer = new Thread(() =>
        {
            for (var round = 1; round < 60; round++)
            {
                for (var i = 0; i < 500; i++) Put($"h{i}", $$"""{"a":[{"ip":"192.0.2.{{round}}"}]}""");
                Commit();
            }
        });
        writer.Start();
        while (writer.IsAlive)
        {
            var secondary = new Secondary(Name);
            secondary.Transfer(Open, _zones, 252);
            Assert.Equal(502, secondary.Records.Count);
            Assert.Single(secondary.Records.Where(record => record.Contains(" 300 1 ", StringComparison.Ordinal)).Select(record => record[^8..]).Distinct());
        }

        writer.Join();
    }

    private void ChangeSomething(Random random)
    {
        var name = random.Next(6) switch { 0 => "@", 1 => "*", 2 => "x.y.z", 3 => "z", _ => $"h{random.Next(5)}" };
        if (random.Next(4) == 0) _zone.Remove(NameOf(name));
        else Put(name, $$"""{"a":[{"ip":"192.0.2.{{random.Next(3)}}","ttl":{{60 * random.Next(1, 3)}}},{"ip":"192.0.2.{{random.Next(3)}}"}],"txt":[{"text":"{{random.Next(2)}}"}]}""");
    }

    private static DomainName NameOf(string relative)
    {
        if (relative == "@") return Name;
        Assert.True(DomainName.TryConcat(DomainName.Parse(relative), Name, out var name));
        return name;
    }

    private void Put(string relative, string json) => _zone.Put(NameOf(relative), Encoding.UTF8.GetBytes(json), []);

    private void Commit() => _zone.Publish(++_serial, _zone.Digest);
}
