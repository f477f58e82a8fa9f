using System.Globalization;
using Gateway.Dns;
using Gateway.Dns.Wire;
using Xunit;

namespace Gateway.UnitTests.Dns;

/// <summary>Random names under one zone, as botnets ask for them to wear out caches and servers.</summary>
public sealed class WaterTortureTests
{
    private const int Names = 100_000;

    private readonly TestZones _zones = new TestZones { Responder = new Responder(new ResponderOptions { Cookies = new Cookies(new byte[16], null) }) }
        .With("victim.test", ("www", """{"a":[{"ip":"192.0.2.1"}]}"""), ("*.wild", """{"a":[{"ip":"192.0.2.2"}]}"""))
        .With("other.test", ("www", """{"a":[{"ip":"192.0.2.3"}]}"""));

    [Theory]
    [Trait("adv", "D3")]
    [InlineData("")]
    [InlineData(".wild")]
    public void Not_an_octet_is_kept_for_a_name_that_somebody_asks_for(string below)
    {
        var limit = new RateLimit(100, 2, []);
        var tally = new Tally("udp");
        var query = Query.Of($"xxxxxxxx{below}.victim.test A").WithOpt().ToBytes();
        var response = new byte[1_232];
        AskRandomNames(1_000);
        // Whatever else this thread allocates, it is once: the least of several rounds is what the names cost.
        Assert.Equal(0, Enumerable.Range(0, 5).Min(_ => AllocatedBy(Names)));

        long AllocatedBy(int names)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            AskRandomNames(names);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        void AskRandomNames(int names)
        {
            for (var i = 0; i < names; i++)
            {
                // Eight digits that never come again, from clients all over the world.
                i.TryFormat(query.AsSpan(Request.HeaderLength + 1, 8), out _, "x8", CultureInfo.InvariantCulture);
                var client = new Client([(byte)i, (byte)(i >> 8), (byte)(i >> 16), 1], false, 1);
                var length = _zones.Responder.Respond(query, response, _zones.Zones, client, out var verdict);
                tally.Count(length, verdict);
                limit.Admit(client.Address, verdict, i / 20);
            }

            tally.FlushZone();
        }
    }

    [Fact]
    [Trait("adv", "D3")]
    public void Names_that_are_there_and_other_zones_are_answered_while_the_flood_is_held_back()
    {
        var limit = new RateLimit(100, 2, []);
        int held = 0, answered = 0, asked = 0;
        for (var i = 0; i < Names; i++)
        {
            // 20,000 a second, all by way of one resolver's network.
            held += Ask(limit, $"n{i}.victim.test A", i / 20) == Admission.Answer ? 0 : 1;
            if (i % 1_000 != 0) continue;
            asked += 2;
            if (Ask(limit, "www.victim.test A", i / 20) == Admission.Answer) answered++;
            if (Ask(limit, "www.other.test A", i / 20) == Admission.Answer) answered++;
        }

        Assert.Equal(asked, answered);
        Assert.InRange(held, Names * 9 / 10, Names);
    }

    private Admission Ask(RateLimit limit, string question, long now)
    {
        var response = new byte[1_232];
        _zones.Responder.Respond(Query.Of(question).ToBytes(), response, _zones.Zones, new Client([192, 0, 2, 1], false, 1), out var verdict);
        return limit.Admit([192, 0, 2, 1], verdict, now);
    }
}
