using Gateway.Dns;
using Xunit;

namespace Gateway.UnitTests.Dns;

/// <summary>Hostile octets, from a seed so that a failure can be repeated. A longer run of the same is a program of its own.</summary>
public sealed class FuzzTests
{
    private static readonly byte[][] Corpus =
    [
        Query.Of("www.example A").ToBytes(),
        Query.Of("x.wild.example MX").WithOpt(options: Query.Option(10, new byte[24])).ToBytes(),
        Query.Of("www.old.example 65").WithOpt(512, dnssecOk: true, options: [.. Query.Option(3), .. Query.Option(8, 0, 1, 24, 0, 1, 2, 3)]).ToBytes(),
        (Query.Of("example IXFR") with { Rest = ([0xC0, 12, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0, .. new byte[20]], 0, 1, 0) }).ToBytes(),
        (Query.Of("example SOA") with { Flags = 4 << 11 }).ToBytes(),
        [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xC0, 12, 0, 1, 0, 1],
    ];

    private readonly TestZones _zones = new TestZones { Responder = new Responder(new ResponderOptions { Nsid = [1], Cookies = new Cookies(new byte[16], new byte[16]) }) }.With(
        "example",
        ("www", """{"a":[{"ip":"192.0.2.1"}],"mx":[{"host":"www.example."}]}"""),
        ("*.wild", """{"mx":[{"host":"www.example."}],"cname":[]}"""),
        ("loop", """{"cname":[{"host":"loop2.example."}]}"""),
        ("loop2", """{"cname":[{"host":"www.old.example."}]}"""),
        ("old", """{"dname":[{"host":"loop.example."}]}"""),
        ("sub", """{"ns":[{"host":"ns.sub.example."}]}"""));

    [Theory]
    [Trait("adv", "D1")]
    [InlineData(11)]
    [InlineData(12)]
    public void No_octets_make_it_fail_or_answer_a_response_or_say_too_much(int seed)
    {
        var random = new Random(seed);
        var response = new byte[65_535];
        for (var i = 0; i < 200_000; i++)
        {
            var query = Mutate(random, Corpus[random.Next(Corpus.Length)]);
            var tcp = random.Next(2) == 0;
            var length = _zones.Responder.Respond(query, response, _zones.Zones, new Client([192, 0, 2, 1], tcp, (uint)random.Next()));
            var answerable = query.Length >= 12 && (query[2] & 0x80) == 0;
            var sound = answerable ? length >= 12 && length <= (tcp ? 65_535 : 1_232) : length == 0;
            if (sound && length > 0) sound = response[0] == query[0] && response[1] == query[1] && (response[2] & 0x80) != 0;
            if (!sound) Assert.Fail($"{length} octets for {Convert.ToHexString(query)}");
            if (length > 0 && i % 16 == 0) Reply.Read(response.AsSpan(0, length));
        }
    }

    private static byte[] Mutate(Random random, byte[] seed)
    {
        var octets = seed.ToList();
        for (var times = random.Next(5); times > 0; times--)
        {
            var at = random.Next(octets.Count);
            switch (random.Next(6))
            {
                case 0: octets[at] = (byte)random.Next(256); break;
                case 1: octets[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: octets.Insert(at, (byte)random.Next(256)); break;
                case 3: octets.RemoveRange(at, random.Next(octets.Count - at)); break;
                case 4: octets.AddRange(octets.GetRange(at, random.Next(octets.Count - at))); break;
                default: octets[random.Next(Math.Min(octets.Count, 12))] = (byte)random.Next(3); break;
            }

            if (octets.Count == 0) break;
        }

        return [.. octets];
    }
}
