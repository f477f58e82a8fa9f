using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.IntegrationTests.Support;
using Gateway.UnitTests.Dns;
using Xunit;

namespace Gateway.IntegrationTests.Dns.Secondaries;

/// <summary>
/// The same zone, transferred from ours, in Debian's NSD: generated questions get the same code, flags, answer and authority.
/// Accepted differences, each with its reason:
/// ANY is not asked, for each server has its own small answer (RFC 8482).
/// NSD adds the zone's NS records to positive answers; ours leave them out, for nobody needs them.
/// NSD refers with DS records only from a signed zone; ours does for everybody who sets DO.
/// Names below a DNAME are not made, for RFC 6672 section 2.4 forbids them: ours hides them, NSD serves them.
/// The order of records is not compared, for it has no meaning (RFC 2181 section 5).
/// The additional section is not compared, for it is each server's own choice but for glue, which has tests of its own.
/// The TTL of a CNAME made from a DNAME is not compared: ours is the DNAME's, as RFC 6672 section 3.1 wants it now; others use 0.
/// </summary>
public sealed class DifferentialTests
{
    private const int Questions = 20_000;

    private static readonly string[] Labels = ["a", "b", "c", "d", "*", "x"];
    private static readonly string[] Types = ["A", "AAAA", "TXT", "CNAME", "NS", "DS", "DNAME", "SOA", "MX", "64999"];

    [Fact]
    [Trait("adv", "D9")]
    public async Task Generated_questions_get_the_answers_of_NSD()
    {
        await using var secondary = new SecondaryServer();
        await using var primary = new Primary("hmac-sha256");
        Generate(primary, new Random(5));
        primary.Commit();
        secondary.Start("nsd", primary);
        await Eventually.TrueAsync(
            async () => (await Dig.AskAsync(secondary.Port, "+short", "zone.example", "SOA")).Contains($" {primary.Serial} ", StringComparison.Ordinal),
            "NSD has the zone");

        using var ours = Connect(primary.Port);
        using var theirs = Connect(secondary.Port);
        var random = new Random(6);
        var differences = new List<string>();
        for (var i = 0; i < Questions; i++)
        {
            var question = $"{Name(random, 5)} {Types[random.Next(Types.Length)]}";
            var query = Query.Of(question).WithOpt(dnssecOk: random.Next(2) == 0);
            string own = Normal(Exchange(ours, query)), other = Normal(Exchange(theirs, query));
            if (own != other) differences.Add($"{question}\nours\n{own}\nNSD's\n{other}");
        }

        Assert.True(differences.Count == 0, $"{differences.Count} differences, as\n{string.Join("\n\n", differences.Take(12))}");
    }

    private static void Generate(Primary primary, Random random)
    {
        primary.Put("@", """{"ns":[{"host":"ns1.zone.example."}],"mx":[{"host":"a.zone.example.","preference":1}]}""");
        HashSet<string> seen = [], moved = [];
        for (var i = 0; i < 400; i++)
        {
            var name = Name(random, 4);
            if (name == "zone.example" || moved.Any(above => IsBelow(name, above)) || !seen.Add(name)) continue;
            var value = Value(random, name.StartsWith('*') || seen.Any(below => IsBelow(below, name)));
            if (value.StartsWith("""{"dname""", StringComparison.Ordinal)) moved.Add(name);
            primary.Put(name[..^".zone.example".Length], value);
        }
    }

    private static bool IsBelow(string name, string above) => name.EndsWith("." + above, StringComparison.Ordinal);

    private static string Value(Random random, bool plain) => random.Next(10) switch
    {
        0 when !plain => """{"ns":[{"host":"ns.elsewhere.test."},{"host":"a.a.zone.example."}],"ds":[{"keytag":1,"algorithm":13,"digesttype":2,"digest":"00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff"}]}""",
        1 when !plain => $$"""{"dname":[{"host":"{{Name(random, 2)}}."}]}""",
        2 or 3 => $$"""{"cname":[{"host":"{{Name(random, 3)}}."}]}""",
        4 => """{"txt":[{"text":"one","ttl":60},{"text":"two","ttl":120}]}""",
        5 => """{"aaaa":[{"ip":"2001:db8::1"}],"type64999":[{"rdata":"0102"}]}""",
        _ => $$"""{"a":[{"ip":"192.0.2.{{random.Next(1, 250)}}"}]}""",
    };

    private static string Name(Random random, int most)
    {
        var name = "zone.example";
        for (var i = random.Next(most + 1); i > 0; i--) name = Labels[random.Next(Labels.Length)] + "." + name;
        return name;
    }

    private static Socket Connect(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 5_000 };
        socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    }

    private static Reply Exchange(Socket socket, Query query)
    {
        var buffer = new byte[4_096];
        socket.Send(query.ToBytes());
        return Reply.Read(buffer.AsSpan(0, socket.Receive(buffer)));
    }

    private static string Normal(Reply reply) => new StringBuilder()
        .AppendLine($"{reply.Rcode} {(reply.Authoritative ? "AA" : "-")} {(reply.Truncated ? "TC" : "-")}")
        .AppendJoin('\n', Plain(reply.Answer, reply.Answer.Any(record => record.Contains(" DNAME ", StringComparison.Ordinal)))).AppendLine("\n--")
        .AppendJoin('\n', Plain(reply.Authority.Where(record => !IsCourtesy(reply, record)), withoutAliasTtl: false)).ToString();

    private static bool IsCourtesy(Reply reply, string record) =>
        record.Contains(" DS ", StringComparison.Ordinal) || (reply.Authoritative && record.StartsWith("zone.example. 300 NS ", StringComparison.Ordinal));

    private static IEnumerable<string> Plain(IEnumerable<string> records, bool withoutAliasTtl) =>
        records.Select(record => withoutAliasTtl && record.Split(' ') is [var owner, _, "CNAME", var target] ? $"{owner} CNAME {target}" : record).Distinct().Order(StringComparer.Ordinal);
}
