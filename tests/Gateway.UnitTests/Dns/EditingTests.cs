using System.Text;
using Gateway.Dns.Zones;
using Gateway.Model;
using Gateway.Model.Records;
using Xunit;

namespace Gateway.UnitTests.Dns;

public sealed class EditingTests
{
    private const string One = """{"a":[{"ip":"192.0.2.1","ttl":60}]}""";
    private readonly TestZones _zones = new TestZones().With("example");

    private Zone Example => _zones.Zones[DomainName.Parse("example")]!;

    [Fact]
    public void What_was_served_stays_when_the_new_value_cannot_be_read()
    {
        _zones.Put("example", "www", One);
        _zones.Put("example", "www", "{broken");
        Assert.Single(_zones.Ask("www.example A").Answer);
        Assert.True(Assert.Single(_zones.Faults).WholeType);
    }

    [Fact]
    public void A_type_without_a_good_record_stays_as_it_was_while_the_others_change()
    {
        _zones.Put("example", "www", """{"a":[{"ip":"192.0.2.1","ttl":60}],"txt":[{"text":"one","ttl":60}]}""");
        _zones.Put("example", "www", """{"a":[{"ip":"<nil>"}],"txt":[{"text":"two","ttl":60}]}""");
        Assert.Equal(["www.example. 60 A 192.0.2.1"], _zones.Ask("www.example A").Answer);
        Assert.Equal(["www.example. 60 TXT two"], _zones.Ask("www.example TXT").Answer);
        _zones.Put("example", "www", """{"txt":[{"text":"two","ttl":60}]}""");
        Assert.Empty(_zones.Ask("www.example A").Answer);
    }

    [Fact]
    public void A_name_without_any_record_is_not_there()
    {
        _zones.Put("example", "www", One);
        _zones.Put("example", "www", "{}");
        Assert.Equal(3, _zones.Ask("www.example A").Rcode);
    }

    [Fact]
    public void An_empty_non_terminal_comes_and_goes_with_the_names_below()
    {
        _zones.Put("example", "a.b.c", One);
        _zones.Put("example", "x.b.c", One);
        _zones.Put("example", "b.c", One);
        _zones.Remove("example", "b.c");
        Assert.Equal(0, _zones.Ask("b.c.example A").Rcode);
        _zones.Remove("example", "a.b.c");
        Assert.Equal(0, _zones.Ask("b.c.example A").Rcode);
        Assert.Equal(0, _zones.Ask("c.example A").Rcode);
        _zones.Remove("example", "x.b.c");
        Assert.Equal(3, _zones.Ask("b.c.example A").Rcode);
        Assert.Equal(3, _zones.Ask("c.example A").Rcode);
        Assert.Equal(0, Example.Names.Count);
    }

    [Fact]
    public void A_comparison_takes_away_what_it_did_not_meet()
    {
        _zones.Put("example", "stays", One);
        _zones.Put("example", "broken", One);
        _zones.Put("example", "goes", One);
        _zones.Put("example", "@", One);
        Example.BeginComparison();
        Assert.True(Example.Confirm(DomainName.Parse("stays.example"), Encoding.UTF8.GetBytes(One)));
        Assert.False(Example.Confirm(DomainName.Parse("goes.example"), "{}"u8));
        _zones.Put("example", "broken", "[]");
        _zones.Put("example", "new", One);
        var gone = Example.Unseen();
        Assert.Equal(2, gone.Count);
        gone.ForEach(Example.Remove);
        Assert.Equal(["broken", "new", "stays"], Example.Stored().Select(it => it.Field).Order());
    }

    [Fact]
    public void The_digest_depends_on_what_is_served_alone()
    {
        var empty = Example.Digest;
        _zones.Put("example", "a", One);
        _zones.Put("example", "b", One);
        var both = Example.Digest;
        Assert.NotEqual(empty, both);
        _zones.Put("example", "a", """ {"a":[{"ttl":60,"ip":"192.0.2.1"}], "unknown": 1}""");
        Assert.Equal(both, Example.Digest);
        var other = new TestZones().With("example", ("b", One), ("a", One));
        Assert.Equal(both, other.Zones[DomainName.Parse("example")]!.Digest);
        _zones.Remove("example", "a");
        _zones.Remove("example", "b");
        Assert.Equal(empty, Example.Digest);
        _zones.Put("example", "@", One);
        Assert.NotEqual(empty, Example.Digest);
        _zones.Remove("example", "@");
        Assert.Equal(empty, Example.Digest);
    }

    [Fact]
    public void A_new_serial_changes_the_SOA_alone()
    {
        _zones.Put("example", "@", One);
        var digest = Example.Digest;
        Example.Publish(99, digest);
        Assert.Contains(" 99 ", Assert.Single(_zones.Ask("example SOA").Answer), StringComparison.Ordinal);
        Assert.Single(_zones.Ask("example A").Answer);
        Assert.Equal(digest, Example.Digest);
    }

    [Fact]
    public void Records_that_cannot_stand_where_they_are_leave_the_others()
    {
        _zones.Put("example", "@", """{"cname":[{"host":"x.test."}],"a":[{"ip":"192.0.2.1"}]}""");
        _zones.Put("example", "www", """{"cname":[{"host":"x.test."}],"a":[{"ip":"192.0.2.1"}],"soa":{"ns":"a.","mbox":"b."}}""");
        _zones.Put("example", "*.w", """{"ns":[{"host":"x.test."}],"dname":[{"host":"x.test."}],"a":[{"ip":"192.0.2.1"}]}""");
        _zones.Put("example", "two", """{"cname":[{"host":"x.test."},{"host":"y.test."}]}""");
        Assert.Single(_zones.Ask("example A").Answer);
        Assert.Single(_zones.Ask("www.example A").Answer);
        Assert.Single(_zones.Ask("x.w.example A").Answer);
        Assert.Single(_zones.Ask("two.example A").Answer);
        Assert.Equal(6, _zones.Faults.Count);
    }

    [Fact]
    [Trait("adv", "D10")]
    public void No_more_than_thirteen_name_servers_are_served()
    {
        var hosts = string.Join(',', Enumerable.Range(0, 100).Select(i => $$"""{"host":"n{{i}}.victim.test."}"""));
        _zones.Put("example", "sub", $$"""{"ns":[{{hosts}}]}""");
        var reply = _zones.Ask("x.sub.example A");
        Assert.Equal(13, reply.Authority.Count);
        Assert.Empty(reply.Additional);
        Assert.Equal(RecordType.Ns, Assert.Single(_zones.Faults).Type);
    }

    [Fact]
    public void A_million_changes_keep_the_table_small()
    {
        var table = new NameTable<NameBlock>();
        var random = new Random(1);
        for (var i = 0; i < 100_000; i++)
        {
            var key = BitConverter.GetBytes(random.Next(100));
            var hash = (uint)key[0] * 2654435761;
            if (random.Next(2) == 0) table.Set(hash | 1, NameBlock.Empty(key));
            else table.Remove(hash | 1, key);
        }

        Assert.InRange(table.Count, 1, 100);
        Assert.Equal(table.Count, table.Items().Count());
    }

    [Fact]
    public async Task Readers_find_every_name_that_stands_while_the_table_grows()
    {
        var table = new NameTable<NameBlock>();
        byte[] standing = [1, (byte)'s'];
        table.Set(77, NameBlock.Empty(standing));
        using var done = new CancellationTokenSource();
        var reader = Task.Run(() =>
        {
            var misses = 0;
            do
            {
                if (!table.Find(77, standing).Exists) misses++;
            }
            while (!done.IsCancellationRequested);
            return misses;
        });
        for (var i = 0; i < 200_000; i++) table.Set((uint)i | 1, NameBlock.Empty(BitConverter.GetBytes(i)));
        await done.CancelAsync();
        Assert.Equal(0, await reader);
        Assert.Equal(200_001, table.Count);
    }
}
