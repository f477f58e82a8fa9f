using System.Text;
using Gateway.Dns;
using Gateway.Dns.Zones;
using Gateway.Model;

namespace Gateway.UnitTests.Dns;

/// <summary>Zones from stored values, and a responder over them.</summary>
internal sealed class TestZones
{
    public static readonly ZoneDefaults Defaults = new()
    {
        Ttl = 300,
        MaximumTtl = 86_400,
        NameServers = new([DomainName.Parse("ns1.gateway.test"), DomainName.Parse("ns2.gateway.test")]),
    };

    public ZoneSet Zones { get; } = new();

    public Responder Responder { get; init; } = new(new ResponderOptions());

    /// <summary>What could not be served as stored.</summary>
    public List<RedisSchema.RecordFault> Faults { get; } = [];

    public TestZones With(string zone, params (string Field, string Json)[] names)
    {
        var name = DomainName.Parse(zone);
        if (Zones[name] is null) Zones.Add(new Zone(name, Defaults, 7));
        foreach (var (field, json) in names) Put(zone, field, json);
        return this;
    }

    public void Put(string zone, string field, string json) =>
        Zones[DomainName.Parse(zone)]!.Put(NameOf(zone, field), Encoding.UTF8.GetBytes(json), Faults);

    public void Remove(string zone, string field) => Zones[DomainName.Parse(zone)]!.Remove(NameOf(zone, field));

    /// <summary>Asks as dig does: with EDNS, a size of 1232, by UDP.</summary>
    public Reply Ask(string question) => Ask(Query.Of(question).WithOpt());

    public Reply Ask(Query query, bool tcp = false)
    {
        var response = new byte[65_535];
        var length = Responder.Respond(query.ToBytes(), response, Zones, new Client([192, 0, 2, 1], tcp, 1_000_000));
        return Reply.Read(response.AsSpan(0, length));
    }

    public byte[] AskRaw(ReadOnlySpan<byte> query, bool tcp = false)
    {
        var response = new byte[65_535];
        return response[..Responder.Respond(query, response, Zones, new Client([192, 0, 2, 1], tcp, 1_000_000))];
    }

    private static DomainName NameOf(string zone, string field)
    {
        RedisSchema.TryReadZoneField(field, DomainName.Parse(zone), out var name);
        return name;
    }
}
