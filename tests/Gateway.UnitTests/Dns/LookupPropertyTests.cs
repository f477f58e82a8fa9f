using System.Globalization;
using System.Net;
using System.Text;
using Gateway.Dns.Zones;
using Gateway.Model;
using Gateway.Model.Records;
using Xunit;

namespace Gateway.UnitTests.Dns;

/// <summary>The responder says what the reference model says, over zones and questions from a seeded generator.</summary>
public sealed class LookupPropertyTests
{
    private static readonly string[] Labels = ["a", "b", "c", "*", "x"];
    private static readonly string[] Types = ["A", "TXT", "CNAME", "NS", "DS", "DNAME"];

    [Theory]
    [Trait("adv", "D9")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Every_answer_is_that_of_the_model(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 250; round++)
        {
            var (model, zones) = Generate(random);
            var served = new TestZones();
            foreach (var zone in zones) Load(served, zone, random);
            for (var i = 0; i < 60; i++)
            {
                var question = (Name: Under(random, zones[random.Next(zones.Count)].Apex, 4), Type: Types[random.Next(Types.Length)]);
                var expected = model.Respond(question.Name, question.Type);
                var said = Flatten(served.Ask(Query.Of($"{question.Name}. {question.Type}"), tcp: true));
                Assert.True(expected == said, $"seed {seed}, round {round}, {question}:\n{Dump(zones)}\nexpected\n{expected}\nbut it was\n{said}");
            }
        }
    }

    private static (ModelServer Server, List<ModelZone> Zones) Generate(Random random)
    {
        var apexes = new HashSet<string> { "z" };
        for (var i = random.Next(4); i > 0; i--) apexes.Add(Under(random, "z", 3).Replace("*", "y", StringComparison.Ordinal));
        var zones = apexes.Select(apex => new ModelZone(apex, apexes)).ToList();
        foreach (var zone in zones)
        {
            zone.Add(zone.Apex, "NS", "ns.elsewhere");
            for (var i = random.Next(8); i > 0; i--) AddName(random, zone, zones);
        }

        return (new ModelServer(zones), zones);
    }

    private static void AddName(Random random, ModelZone zone, List<ModelZone> zones)
    {
        var name = Under(random, zone.Apex, 3);
        if (name == zone.Apex || zone.Names.Contains(name)) return;
        var wildcard = name.StartsWith('*');
        switch (random.Next(8))
        {
            case 0 when !wildcard:
                zone.Add(name, "NS", "ns.elsewhere");
                if (random.Next(2) == 0) zone.Add(name, "DS", "00010d02ff");
                break;
            case 1:
                zone.Add(name, "CNAME", Under(random, zones[random.Next(zones.Count)].Apex, 3));
                break;
            case 2 when !wildcard:
                zone.Add(name, "DNAME", Under(random, zones[random.Next(zones.Count)].Apex, 2));
                break;
            case 3:
                zone.Add(name, "TXT", "t");
                break;
            default:
                zone.Add(name, "A", "192.0.2." + random.Next(1, 5).ToString(CultureInfo.InvariantCulture));
                break;
        }
    }

    private static string Under(Random random, string apex, int most)
    {
        var name = apex;
        for (var i = random.Next(most + 1); i > 0; i--) name = Labels[random.Next(Labels.Length)] + "." + name;
        return name;
    }

    /// <summary>Puts the names in any order, some of them first with other data and some names that go again.</summary>
    private static void Load(TestZones served, ModelZone zone, Random random)
    {
        var name = DomainName.Parse(zone.Apex);
        served.Zones.Add(new Zone(name, TestZones.Defaults with { NameServers = new([DomainName.Parse("ns.elsewhere")]) }, 1));
        var gone = Enumerable.Range(0, 3).Select(_ => Under(random, zone.Apex, 3)).Where(it => it != zone.Apex && !zone.Names.Contains(it)).Distinct().ToList();
        string[] order = [.. zone.Names.Concat(gone).Concat(zone.Names)];
        random.Shuffle(order);
        foreach (var owner in order.Concat(zone.Names)) PutOrOther(served, zone, owner, random);
        foreach (var owner in zone.Names.Where(it => it != zone.Apex)) Put(served, zone, owner, Stored(zone, owner));
        foreach (var owner in gone) served.Zones[name]!.Remove(DomainName.Parse(owner));
    }

    private static void PutOrOther(TestZones served, ModelZone zone, string owner, Random random)
    {
        if (owner == zone.Apex) return;
        if (random.Next(3) > 0) Put(served, zone, owner, [new ResourceRecord(60, new Rdata.A(IPAddress.Loopback))]);
        else if (random.Next(2) > 0) served.Zones[DomainName.Parse(zone.Apex)]!.Remove(DomainName.Parse(owner));
    }

    private static void Put(TestZones served, ModelZone zone, string owner, IEnumerable<ResourceRecord> records) =>
        served.Zones[DomainName.Parse(zone.Apex)]!.Put(DomainName.Parse(owner), Encoding.UTF8.GetBytes(RedisSchema.EncodeRecords(records)), []);

    private static IEnumerable<ResourceRecord> Stored(ModelZone zone, string owner) =>
        from type in Types from data in zone.Find(owner, type) select new ResourceRecord(60, DataOf(type, data));

    private static Rdata DataOf(string type, string data) => type switch
    {
        "A" => new Rdata.A(IPAddress.Parse(data)),
        "TXT" => new Rdata.Txt(data),
        "CNAME" => new Rdata.Cname(DomainName.Parse(data)),
        "NS" => new Rdata.Ns(DomainName.Parse(data)),
        "DNAME" => new Rdata.Dname(DomainName.Parse(data)),
        _ => new Rdata.Ds(1, 13, 2, new([0xFF])),
    };

    /// <summary>The response in the model's words. Additional data are not the model's subject.</summary>
    private static string Flatten(Reply reply)
    {
        if (reply.Rcode == 5) return "REFUSED";
        var head = (reply.Rcode == 3 ? "NXDOMAIN " : "NOERROR ") + (reply.Authoritative ? "AA" : "-");
        return string.Join('\n', [head, .. Sorted(reply.Answer), "--", .. Sorted(reply.Authority)]);
    }

    private static IEnumerable<string> Sorted(IEnumerable<string> records) => records.Select(Plain).Distinct().Order(StringComparer.Ordinal);

    private static string Plain(string record)
    {
        var parts = record.Split(' ');
        var data = parts[2] == "SOA" ? "" : " " + parts[3].TrimEnd('.');
        return $"{parts[0].TrimEnd('.')} {parts[2]}{data}";
    }

    private static string Dump(List<ModelZone> zones) => string.Join('\n', zones.SelectMany(zone => zone.Names.Select(name =>
        $"[{zone.Apex}] {name} {string.Join(' ', Types.SelectMany(type => zone.Find(name, type).Select(data => $"{type} {data}")))}")));
}
