using System.Text;
using Gateway.Dns;
using Gateway.Dns.Transfer;
using Gateway.Dns.Wire;
using Gateway.Dns.Zones;
using Gateway.Model;

namespace Gateway.Fuzz;

/// <summary>The whole name server: any octets as a query, by UDP and by TCP, over zones with something of every kind.</summary>
internal sealed class ResponderTarget : FuzzTarget
{
    private const uint Now = 1_000_000;
    private const int UdpSize = 1_232;
    private const int PlainUdp = 512;

    private readonly ZoneSet _zones = new();
    private readonly byte[] _response = new byte[Responder.LongestMessage];

    private readonly Responder _responder = new(new ResponderOptions
    {
        Nsid = "fuzz"u8.ToArray(),
        Cookies = new Cookies(new byte[16], new byte[16]),
        Keys = SampleMessages.Keys,
        Transfers = new Transfers(new TransferPolicy(SampleMessages.Keys, []), 10),
    });

    public ResponderTarget()
    {
        Add("example",
            ("@", """{"mx":[{"host":"www.example.","preference":1}],"caa":[{"flag":0,"tag":"issue","value":"ca.test"}]}"""),
            ("www", """{"a":[{"ip":"192.0.2.1"},{"ip":"192.0.2.2"}],"aaaa":[{"ip":"2001:db8::1"}],"https":[{"priority":1,"target":".","params":"alpn=h2"}]}"""),
            ("*.wild", """{"mx":[{"host":"www.example.","preference":1},{"host":"x.wild.example.","preference":2}]}"""),
            ("loop", """{"cname":[{"host":"loop2.example."}]}"""),
            ("loop2", """{"cname":[{"host":"www.old.example."}]}"""),
            ("old", """{"dname":[{"host":"loop.example."}]}"""),
            ("grow", """{"dname":[{"host":"a-rather-long-label-that-makes-names-grow.grow.example."}]}"""),
            ("sub", """{"ns":[{"host":"ns.sub.example."},{"host":"ns.sub2.test."}],"ds":[{"keytag":1,"algorithm":13,"digesttype":2,"digest":"00ff"}]}"""),
            ("ns.sub", """{"a":[{"ip":"192.0.2.53"}],"aaaa":[{"ip":"2001:db8::53"}]}"""),
            ("a.ent", """{"txt":[{"text":"below"}],"type64999":[{"rdata":"0102"}]}"""),
            ("big", $$"""{"txt":[{{string.Join(',', Enumerable.Range(0, 40).Select(i => $$"""{"text":"{{i}}{{new string('x', 100)}}"}"""))}}]}"""));
        Add("deep.example", ("*", """{"a":[{"ip":"192.0.2.5"}]}"""));
        Add("sub2.test", ("ns", """{"a":[{"ip":"192.0.2.6"}]}"""));
    }

    public override string Name => "responder";

    public override IReadOnlyList<byte[]> Seeds => SampleMessages.All;

    public override string? Broken(ReadOnlySpan<byte> input) => BrokenBy(input, overTcp: false) ?? BrokenBy(input, overTcp: true);

    private string? BrokenBy(ReadOnlySpan<byte> query, bool overTcp)
    {
        var length = _responder.Respond(query, _response, _zones, new Client([192, 0, 2, 1], overTcp, Now), out var verdict);
        var answerable = query.Length >= Request.HeaderLength && (query[2] & 0x80) == 0;
        if (!answerable) return length == 0 ? null : "an answer to what is no query";
        // Signed with a key whose name leaves no room for an answer.
        if (length == 0) return query.Length > 100 ? null : "no answer to a query";
        if (length > LongestFor(query, overTcp)) return $"an answer of {length} octets";
        if (verdict.Forwardable) return "to be forwarded for a stranger";
        if (BrokenHeader(query) is { } header) return header;
        if (ResponseForm.Broken(_response.AsSpan(0, length)) is { } form) return form;
        if (overTcp || BrokenSlip(length) is not { } slip) return null;
        return slip;
    }

    private int LongestFor(ReadOnlySpan<byte> query, bool overTcp)
    {
        if (overTcp) return Responder.LongestMessage;
        return Request.TryRead(query, out var request) && (request.Edns.Present || request.IsSigned) ? UdpSize : PlainUdp;
    }

    // ID and opcode come back, QR is set; RA, AD and the reserved bit are not.
    private string? BrokenHeader(ReadOnlySpan<byte> query)
    {
        if (!_response.AsSpan(0, 2).SequenceEqual(query[..2])) return "another ID";
        if ((_response[2] & 0xF8) != ((query[2] & 0x78) | 0x80)) return "another opcode, or no response";
        return (_response[3] & 0xE0) == 0 ? null : "RA, AD or the reserved bit is set";
    }

    private string? BrokenSlip(int length)
    {
        var slipped = Responder.Slip(_response, length);
        if (slipped > length || (_response[2] & 2) == 0 || Octets.Read16(_response, 6) != 0) return "a slipped answer with more than a question";
        return ResponseForm.Broken(_response.AsSpan(0, slipped));
    }

    private void Add(string name, params (string Field, string Json)[] names)
    {
        var zone = new Zone(DomainName.Parse(name), new ZoneDefaults { IsTransferable = true }, 7);
        foreach (var (field, json) in names)
            if (RedisSchema.TryReadZoneField(field, zone.Name, out var whole)) zone.Put(whole, Encoding.UTF8.GetBytes(json), []);
        zone.Publish(8, zone.Digest);
        _zones.Add(zone);
    }
}
