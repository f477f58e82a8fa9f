using System.Net;
using System.Text;
using System.Text.Json;
using Gateway.Model;
using Gateway.Model.Records;
using Xunit;

namespace Gateway.UnitTests.Model;

public sealed class RedisSchemaZonesTests
{
    private static readonly JsonElement File = Vectors.Read("redis-zones.json");

    public static TheoryData<string, string, string> Names => [.. ZoneHashes().SelectMany(hash => hash.Value.EnumerateObject().Select(it => (hash.Name, it.Name, it.Value.GetString()!)))];

    [Theory, MemberData(nameof(Names))]
    public void A_name_is_written_byte_for_byte_as_the_old_gateway_wrote_it(string key, string field, string value)
    {
        Assert.True(RedisSchema.TryReadZoneKey(key, out var zone));
        Assert.Equal(key, RedisSchema.ZoneKey(zone));
        Assert.True(RedisSchema.TryReadZoneField(field, zone, out var name));
        Assert.Equal(field, RedisSchema.ZoneField(name, zone));
        var stored = Decode(value)!;
        Assert.Empty(stored.Faults);
        Assert.Equal(value, RedisSchema.EncodeRecords(stored.Records));
    }

    [Fact]
    public void The_owners_are_written_byte_for_byte_as_the_old_gateway_wrote_them()
    {
        foreach (var field in File.GetProperty("keys").GetProperty("zone").EnumerateObject())
        {
            Assert.True(RedisSchema.TryDecodeZoneOwner(Encoding.UTF8.GetBytes(field.Value.GetString()!), out var owner));
            Assert.Equal(field.Value.GetString(), RedisSchema.EncodeZoneOwner(owner));
            Assert.Equal(field.Name, RedisSchema.OwnedField(DomainName.Parse(field.Name)));
        }

        foreach (var field in File.GetProperty("keys").GetProperty("managed_domains").EnumerateObject())
        {
            Assert.True(RedisSchema.TryDecodeNameOwner(field.Value.GetString()!, out var user));
            Assert.Equal(field.Value.GetString(), RedisSchema.EncodeNameOwner(user));
        }
    }

    [Fact]
    public void The_owner_proof_is_written_byte_for_byte_as_the_old_gateway_wrote_it()
    {
        var identity = File.GetProperty("gateway_identity").GetString()!;
        var proof = new RedisSchema.OwnerProof(identity, "7");
        var expected = File.GetProperty("keys").GetProperty("user7.org.").GetProperty("__owner__").GetString()!;
        Assert.Equal(expected, RedisSchema.EncodeRecords(RedisSchema.OwnerRecords(proof)));
        Assert.True(RedisSchema.TryReadOwnerRecords(Decode(expected)!.Records, out var read));
        Assert.Equal(proof, read);
    }

    [Fact]
    public void Html_characters_and_line_separators_are_escaped_as_Go_does()
    {
        var records = new[] { new ResourceRecord(600, new Rdata.Txt("<a href=\"x\">&\u2028\u2029é\t\u0001")) };
        var json = RedisSchema.EncodeRecords(records);
        Assert.Equal("{\"txt\":[{\"text\":\"\\u003ca href=\\\"x\\\"\\u003e\\u0026\\u2028\\u2029é\\t\\u0001\",\"ttl\":600}]}", json);
        Assert.Equal(records, Decode(json)!.Records);
    }

    [Fact]
    public void Types_are_sorted_and_addresses_canonical()
    {
        Assert.True(IpLiteral.TryParse("2001:DB8:0:0:0:0:0:10", out var six));
        Assert.True(IpLiteral.TryParse("::ffff:203.0.113.10", out var four));
        var json = RedisSchema.EncodeRecords([new ResourceRecord(60, new Rdata.Txt("t")), new ResourceRecord(60, new Rdata.Aaaa(six)), new ResourceRecord(60, new Rdata.A(four))]);
        Assert.Equal("""{"a":[{"ip":"203.0.113.10","ttl":60}],"aaaa":[{"ip":"2001:db8::10","ttl":60}],"txt":[{"text":"t","ttl":60}]}""", json);
    }

    [Theory]
    [InlineData("::", "::")]
    [InlineData("::1", "::1")]
    [InlineData("1::", "1::")]
    [InlineData("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1")]
    [InlineData("2001:0:0:1:0:0:0:1", "2001:0:0:1::1")]
    [InlineData("::1.2.3.4", "::102:304")]
    [InlineData("fe80::5efe:1.2.3.4", "fe80::5efe:102:304")]
    public void IPv6_is_spelled_by_RFC_5952(string text, string canonical)
    {
        Assert.True(IpLiteral.TryParse(text, out var address));
        Assert.Equal(canonical, IpLiteral.Format(address));
    }

    [Theory]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.04")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("2130706433")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[::1]")]
    [InlineData("::1/64")]
    [InlineData("<nil>")]
    [InlineData("")]
    public void What_is_no_plain_address_is_refused(string text) => Assert.False(IpLiteral.TryParse(text, out _));

    [Fact]
    public void One_bad_record_leaves_its_neighbours()
    {
        var stored = Decode("""{"a":[{"ip":"<nil>","ttl":3600},{"ip":"192.0.2.1","ttl":60},{"ip":"::1"},7],"aaaa":[{"ip":"x"}],"mx":"what","txt":[{"text":""}],"later":[1]}""")!;
        Assert.Equal([new ResourceRecord(60, new Rdata.A(IPAddress.Parse("192.0.2.1")))], stored.Records);
        Assert.Equal(
            [new(RecordType.A, "not an object", false), new(RecordType.Aaaa, "ip", true), new(RecordType.Mx, "neither a list nor an object", true), new(RecordType.Txt, "empty text", true)],
            stored.Faults);
    }

    [Theory]
    [InlineData("""{"A":{"IP":"192.0.2.1","Ttl":60}}""", """{"a":[{"ip":"192.0.2.1","ttl":60}]}""")]
    [InlineData("""{"mx":[{"host":"m.test","priority":5,"ttl":60}]}""", """{"mx":[{"host":"m.test.","preference":5,"ttl":60}]}""")]
    [InlineData("""{"srv":[{"host":"m.test.","port":5,"priority":1,"weight":2}]}""", """{"srv":[{"target":"m.test.","port":5,"priority":1,"weight":2,"ttl":0}]}""")]
    [InlineData("""{"soa":[{"ns":"n.test.","MBox":"host@t.test","minttl":9,"ttl":8}]}""", """{"soa":{"ns":"n.test.","mbox":"host.t.test.","refresh":86400,"retry":7200,"expire":3600000,"minttl":9,"ttl":8}}""")]
    [InlineData("""{"caa":[{"flag":0,"tag":"issue","value":"ca.test"}]}""", """{"caa":[{"flag":0,"tag":"issue","value":"ca.test"}]}""")]
    [InlineData("""{"ns":[{"host":"NS.Test"}], "a":null}""", """{"ns":[{"host":"ns.test.","ttl":0}]}""")]
    public void Other_spellings_are_read(string value, string canonical)
    {
        var stored = Decode(value)!;
        Assert.Empty(stored.Faults);
        Assert.Equal(canonical, RedisSchema.EncodeRecords(stored.Records));
    }

    [Theory]
    [InlineData("""{"ptr":[{"host":"h.test.","ttl":1}]}""", "0168047465737400")]
    [InlineData("""{"dname":[{"host":"h.test.","ttl":1}]}""", "0168047465737400")]
    [InlineData("""{"ds":[{"keytag":258,"algorithm":13,"digesttype":2,"digest":"00ff","ttl":1}]}""", "01020d0200ff")]
    [InlineData("""{"tlsa":[{"usage":3,"selector":1,"matching":1,"data":"00ff","ttl":1}]}""", "03010100ff")]
    [InlineData("""{"sshfp":[{"algorithm":4,"fptype":2,"fingerprint":"00ff","ttl":1}]}""", "040200ff")]
    [InlineData("""{"naptr":[{"order":1,"preference":2,"flags":"u","service":"s","regexp":"!a!b!","replacement":".","ttl":1}]}""", "00010002017501730521612162" + "2100")]
    [InlineData("""{"https":[{"priority":1,"target":".","params":"alpn=h2,h3 port=443 ipv4hint=192.0.2.1","ttl":1}]}""", "00010000010006026832026833000300" + "0201bb00040004c0000201")]
    [InlineData("""{"svcb":[{"priority":0,"target":"h.test.","params":"","ttl":1}]}""", "00000168047465737400")]
    [InlineData("""{"type65280":[{"rdata":"abcd","ttl":1}]}""", "abcd")]
    [InlineData("""{"txt":[{"text":"hi","ttl":1}]}""", "026869")]
    [InlineData("""{"caa":[{"flag":128,"tag":"issue","value":"x","ttl":1}]}""", "8005697373756578")]
    public void Each_type_has_its_wire_form_and_comes_back_as_it_was(string value, string wire)
    {
        var stored = Decode(value)!;
        Assert.Empty(stored.Faults);
        Assert.Equal(wire, Convert.ToHexStringLower(Assert.Single(stored.Records).Data.ToWire()));
        Assert.Equal(value, RedisSchema.EncodeRecords(stored.Records));
    }

    [Theory]
    [InlineData("\\\\# 2 abcd", true)]
    [InlineData("ab cd", true)]
    [InlineData("\\\\# 3 abcd", false)]
    [InlineData("abc", false)]
    [InlineData("xy", false)]
    public void Generic_data_follow_RFC_3597(string text, bool good) =>
        Assert.Equal(good, Decode($$"""{"type65280":[{"rdata":"{{text}}"}]}""")!.Records.Count == 1);

    [Fact]
    public void A_text_of_exactly_255_octets_has_no_empty_string_after_it()
    {
        Assert.Equal(256, new Rdata.Txt(new string('x', 255)).ToWire().Length);
        Assert.Equal(258, new Rdata.Txt(new string('x', 256)).ToWire().Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("\"a\"")]
    [InlineData("{}{}")]
    public void What_is_no_object_is_told_from_an_empty_name(string value) => Assert.Null(Decode(value));

    [Theory]
    [InlineData("""{"a":[{"ip":"\ud800"}]}""")]
    [InlineData("""{"a":[{"\ud800":"1.2.3.4"}]}""")]
    [InlineData("""{"type41":[{"rdata":""}]}""")]
    [InlineData("""{"a":[{"ip":"1.2.3.4","ttl":-1}]}""")]
    [InlineData("""{"a":[{"ip":"1.2.3.4","ttl":4294967296}]}""")]
    [InlineData("""{"mx":[{"host":"a..b"}]}""")]
    [InlineData("""{"https":[{"priority":1,"target":".","params":"alpn=h2 alpn=h3"}]}""")]
    public void Nonsense_is_left_out_and_never_thrown_at_us(string value) => Assert.Empty(Decode(value)!.Records);

    [Theory]
    [InlineData("WWW", "www.user7.org")]
    [InlineData("", "user7.org")]
    [InlineData("@", "user7.org")]
    [InlineData("*.sub", "*.sub.user7.org")]
    [InlineData("_sip._tcp", "_sip._tcp.user7.org")]
    public void Fields_are_read_in_any_case(string field, string name)
    {
        Assert.True(RedisSchema.TryReadZoneField(field, DomainName.Parse("user7.org"), out var read));
        Assert.Equal(name, read.ToString());
    }

    [Theory]
    [InlineData("User7.ORG.", true)]
    [InlineData("user7.org", false)]
    [InlineData(".", false)]
    [InlineData("a..", false)]
    [InlineData("gateway:changes", false)]
    public void Only_names_with_a_trailing_dot_are_zones(string key, bool isZone) => Assert.Equal(isZone, RedisSchema.TryReadZoneKey(key, out _));

    [Fact]
    public void A_serial_comes_back_as_it_was()
    {
        var serial = new RedisSchema.ZoneSerial(4294967295, 0xFEDCBA9876543210);
        Assert.True(RedisSchema.TryDecodeZoneSerial(RedisSchema.EncodeZoneSerial(serial), out var read));
        Assert.Equal(serial, read);
        Assert.False(RedisSchema.TryDecodeZoneSerial("7", out _));
    }

    private static RedisSchema.StoredName? Decode(string value) => RedisSchema.DecodeRecords(Encoding.UTF8.GetBytes(value));

    private static IEnumerable<JsonProperty> ZoneHashes() =>
        File.GetProperty("keys").EnumerateObject().Where(key => key.Name.EndsWith('.'));
}
