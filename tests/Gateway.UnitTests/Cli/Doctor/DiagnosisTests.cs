using System.Net;
using Gateway.Cli.Doctor;
using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Replies;
using Xunit;

namespace Gateway.UnitTests.Cli.Doctor;

public sealed class DiagnosisTests
{
    private static readonly DomainName Domain = DomainName.Parse("gw.example.com");
    private static readonly DomainName Server = DomainName.Parse("ns1.example.com");
    private static readonly IPAddress Address = IPAddress.Parse("192.0.2.1");

    private static Findings Fine => new(Domain, DomainName.Parse("example.com"), ParentWord.Delegates) { NameServers = [Server], Servers = [Serves(Standing.Good)] };

    public static TheoryData<string> Codes => [.. Worlds.Keys];

    private static Dictionary<string, Findings> Worlds => new()
    {
        ["good"] = Fine,
        ["parent_failing"] = Fine with { Word = ParentWord.Failing },
        ["parent_silent"] = Fine with { Word = ParentWord.Silent },
        ["parent_disagrees"] = Fine with { Dissenting = [Address] },
        ["alias_at_apex"] = Fine with { ApexIsAlias = true },
        ["lame_failing"] = Fine with { Servers = [Serves(Standing.Fails)] },
        ["lame_not_authoritative"] = Fine with { Servers = [Serves(Standing.NotAuthoritative)] },
        ["server_silent"] = Fine with { Servers = [Serves(Standing.Good), Serves(Standing.Silent)] },
    };

    [Theory]
    [MemberData(nameof(Codes))]
    public void What_was_found_has_one_name_and_one_sentence(string code)
    {
        var diagnosis = Diagnosis.Of(Worlds[code]);
        Assert.Equal(code, diagnosis.Code);
        Assert.EndsWith(".", diagnosis.Text, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', diagnosis.Text);
    }

    [Fact]
    public void An_address_that_this_machine_cannot_reach_is_not_held_against_its_server() =>
        Assert.Equal(Diagnosis.Good, Diagnosis.Of(Fine with { Servers = [Serves(Standing.Good), Serves(Standing.NotAsked)] }).Code);

    [Fact]
    public async Task Delegations_in_a_circle_end()
    {
        // Each zone refers to servers named in the other, and neither has an address.
        var examination = new Examination([Address], (_, name, type, _, _) => Task.FromResult<(Hearing, DnsReply?)>((Hearing.Answered, Circle(name, type))));
        var findings = await examination.RunAsync(DomainName.Parse("x.a.test"), [], TestContext.Current.CancellationToken);
        Assert.Equal(ParentWord.Silent, findings.Word);
    }

    private static DnsReply Circle(DomainName name, RecordType type)
    {
        _ = type;
        var (zone, server) = name.IsAtOrUnder(DomainName.Parse("a.test")) ? ("a.test", "ns.b.test") : ("b.test", "ns.a.test");
        return new DnsReply(DnsReply.NoError, false, false, [], [new DnsRecord(DomainName.Parse(zone), RecordType.Ns, 60, [], DomainName.Parse(server), 0)], []);
    }

    private static ServerFinding Serves(Standing standing) => new(Server, Address, standing, standing, 1, [Server]);
}
