using System.Net;
using Gateway.IntegrationTests.Support;
using Gateway.UnitTests.Dns;
using Xunit;

namespace Gateway.IntegrationTests.Dns.Secondaries;

/// <summary>
/// Zones that change, transferred from ours, in Debian's NSD: a hundred thousand generated questions get the same code, flags, answer
/// and authority. Where the two may differ, <see cref="AcceptedDifference.All"/> says why, and each of those must occur. Not compared
/// are ANY, for each server has its own small answer (RFC 8482), and the additional section, which is each server's own choice but for
/// glue, and that has tests of its own. Names below a DNAME are not made, for RFC 6672 section 2.4 forbids them.
/// </summary>
public sealed class DifferentialTests
{
    private const int Questions = 100_000;
    private const int Zones = 4;

    private static readonly string[] Labels = ["a", "b", "c", "d", "*", "x"];
    private static readonly string[] Types = ["A", "AAAA", "TXT", "CNAME", "NS", "DS", "DNAME", "SOA", "MX", "SRV", "CAA", "PTR", "HTTPS", "TLSA", "64999"];

    [Fact]
    [Trait("adv", "D9")]
    public async Task Generated_questions_get_the_answers_of_NSD()
    {
        await using var secondary = new SecondaryServer();
        await using var primary = new Primary("hmac-sha256", $"127.0.0.1:{secondary.Port} {Primary.Key}");
        var names = Generate(primary, new Random(5));
        primary.Commit();
        secondary.Start("nsd", primary);
        using var ours = new PipelinedClient(new IPEndPoint(IPAddress.Loopback, primary.Port));
        using var theirs = new PipelinedClient(new IPEndPoint(IPAddress.Loopback, secondary.Port));
        var random = new Random(6);
        var comparison = new Comparison();
        for (var zone = 0; zone < Zones; zone++)
        {
            await FollowsAsync(primary, secondary);
            for (var i = 0; i < Questions / Zones; i += PipelinedClient.Window) await CompareAsync(random, ours, theirs, comparison);
            names.ForEach(primary.Remove);
            names = Generate(primary, random);
            primary.Commit();
        }

        Assert.True(comparison.Differences.Count == 0, $"{comparison.Differences.Count} differences, as\n{string.Join("\n\n", comparison.Differences.Take(12))}");
        Assert.True(comparison.Questions >= Questions);
        Assert.Empty(comparison.NeverMet);
    }

    private static async Task FollowsAsync(Primary primary, SecondaryServer secondary) => await Eventually.TrueAsync(
        async () => (await Dig.AskAsync(secondary.Port, "+short", "zone.example", "SOA")).Contains($" {primary.Serial} ", StringComparison.Ordinal),
        "NSD has the zone");

    private static async Task CompareAsync(Random random, PipelinedClient ours, PipelinedClient theirs, Comparison comparison)
    {
        var questions = Enumerable.Range(0, PipelinedClient.Window).Select(_ => Question(random)).ToList();
        var queries = questions.ConvertAll(question => question.Query.ToBytes());
        var asked = theirs.AskAsync(queries);
        var own = await ours.AskAsync(queries);
        var other = await asked;
        for (var i = 0; i < queries.Count; i++)
            if (!comparison.Add(Reply.Read(own[i]), Reply.Read(other[i]))) await CompareAgainAsync(questions[i], ours, theirs, comparison);
    }

    /// <summary>Right after a transfer, a process of NSD's that is about to end may still answer from the zone before: a difference counts when it stays.</summary>
    private static async Task CompareAgainAsync((string Text, Query Query) question, PipelinedClient ours, PipelinedClient theirs, Comparison comparison)
    {
        for (var attempt = 0; attempt < 20 && comparison.Differences.Count < 20; attempt++)
        {
            await Task.Delay(100);
            var own = (await ours.AskAsync([question.Query.ToBytes()]))[0];
            var other = (await theirs.AskAsync([question.Query.ToBytes()]))[0];
            if (comparison.Add(Reply.Read(own), Reply.Read(other))) return;
            if (attempt == 19) comparison.Differences.Add($"{question.Text}\nours\n{Compared.Of(Reply.Read(own))}\nNSD's\n{Compared.Of(Reply.Read(other))}");
        }
    }

    private static (string Text, Query Query) Question(Random random)
    {
        var text = $"{Capitals(random, Name(random, 5))} {Types[random.Next(Types.Length)]}";
        var query = Query.Of(text) with { Flags = (ushort)(random.Next(2) == 0 ? 0x0100 : 0) };
        return random.Next(4) switch
        {
            0 => (text, query),
            1 => ($"{text} +dnssec", query.WithOpt(dnssecOk: true)),
            _ => ($"{text} +edns", query.WithOpt()),
        };
    }

    private static string Capitals(Random random, string name) =>
        random.Next(4) > 0 ? name : string.Concat(name.Select(letter => random.Next(2) == 0 ? char.ToUpperInvariant(letter) : letter));

    /// <summary>Makes a zone and returns its names, the apex left out.</summary>
    private static List<string> Generate(Primary primary, Random random)
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

        return [.. seen.Select(name => name[..^".zone.example".Length])];
    }

    private static bool IsBelow(string name, string above) => name.EndsWith("." + above, StringComparison.Ordinal);

    private static string Value(Random random, bool plain) => random.Next(14) switch
    {
        0 when !plain => """{"ns":[{"host":"ns.elsewhere.test."},{"host":"a.a.zone.example."}],"ds":[{"keytag":1,"algorithm":13,"digesttype":2,"digest":"00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff"}]}""",
        1 when !plain => $$"""{"dname":[{"host":"{{Name(random, 2)}}."}]}""",
        2 or 3 => $$"""{"cname":[{"host":"{{Name(random, 3)}}."}]}""",
        4 => """{"txt":[{"text":"one","ttl":60},{"text":"two","ttl":120}]}""",
        5 => """{"aaaa":[{"ip":"2001:db8::1"}],"type64999":[{"rdata":"0102"}]}""",
        6 => $$"""{"srv":[{"target":"{{Name(random, 2)}}.","port":{{random.Next(65_536)}},"priority":1,"weight":2}],"ptr":[{"host":"{{Name(random, 2)}}."}]}""",
        7 => """{"caa":[{"flag":128,"tag":"issue","value":"ca.test"}],"tlsa":[{"usage":3,"selector":1,"matching":1,"data":"00ff"}],"txt":[{"text":"three"}]}""",
        8 => """{"https":[{"priority":1,"target":".","params":"alpn=h2,h3 port=8443"}],"a":[{"ip":"192.0.2.251"},{"ip":"192.0.2.252"}],"mx":[{"host":"a.zone.example.","preference":1},{"host":"mail.elsewhere.test.","preference":2}]}""",
        _ => $$"""{"a":[{"ip":"192.0.2.{{random.Next(1, 250)}}"}]}""",
    };

    private static string Name(Random random, int most)
    {
        var name = "zone.example";
        for (var i = random.Next(most + 1); i > 0; i--) name = Labels[random.Next(Labels.Length)] + "." + name;
        return name;
    }
}
