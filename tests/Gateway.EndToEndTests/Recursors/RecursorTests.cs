using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests.Recursors;

/// <summary>The rest of the world sees our names through recursors: Unbound and BIND, both with strict QNAME minimisation (RFC 9156).</summary>
public sealed class RecursorTests(DelegatedNames names) : IClassFixture<DelegatedNames>
{
    private static readonly (string Question, string Answer)[] Expected =
    [
        // The deep name first, with an empty cache: minimisation walks through its empty non-terminals.
        ("a.b.c.deep.gw.example A", "NOERROR A 192.0.2.12"),
        ("c.deep.gw.example A", "NOERROR"),
        ("x.c.deep.gw.example A", "NXDOMAIN"),
        ("www.gw.example A", "NOERROR A 192.0.2.10"),
        ("www.gw.example AAAA", "NOERROR"),
        ("absent.gw.example A", "NXDOMAIN"),
        ("below.www.gw.example A", "NXDOMAIN"),
        ("gw.example NS", "NOERROR NS ns1.gw.example. NS ns2.gw.example."),
        ("any.wild.gw.example A", "NOERROR A 192.0.2.11"),
        ("some.thing.wild.gw.example A", "NOERROR A 192.0.2.11"),
        ("any.wild.gw.example TXT", "NOERROR"),
        ("a.real.mixed.gw.example A", "NOERROR A 192.0.2.14"),
        ("real.mixed.gw.example A", "NOERROR"),
        ("b.real.mixed.gw.example A", "NXDOMAIN"),
        ("other.mixed.gw.example A", "NOERROR A 192.0.2.13"),
        ("www.further.gw.example A", "NOERROR A 192.0.2.30"),
        ("absent.further.gw.example A", "NXDOMAIN"),
    ];

    [Theory]
    [Trait("adv", "D9")]
    [InlineData(PeerServers.Unbound)]
    [InlineData(PeerServers.Bind)]
    public async Task A_minimising_recursor_finds_what_exists_and_denies_what_does_not(string recursor)
    {
        foreach (var (question, answer) in Expected) Assert.Equal((question, answer), (question, await names.AskAsync(recursor, question)));
        // The walk itself: nobody asked for these two.
        foreach (var walked in new[] { "deep.gw.example.", "b.c.deep.gw.example." })
            await Programs.EventuallyAsync(() => Task.FromResult(names.NodeLog.Contains($"Query from {recursor} by udp: {walked} ", StringComparison.Ordinal)), $"{recursor} minimises");
    }

    [Fact]
    [Trait("adv", "D9")]
    public async Task A_domain_that_its_owner_delegated_and_reserved_is_served_and_reached_by_aliases_of_other_zones()
    {
        await names.GatewayAsync("identity", "new");
        await names.GatewayAsync("user", "register", "--name", "alice", "--email", "alice@example.test");
        await names.GatewayAsync("reserve", "domain", "alice.example");
        await names.GatewayAsync("reserve", "subdomain", "www.alice.example", "--ip", "192.0.2.20");
        await Programs.EventuallyAsync(async () => await names.AskAsync(DelegatedNames.Second, "www.alice.example A") == "NOERROR A 192.0.2.20", "the node serves the reservation");
        foreach (var recursor in new[] { PeerServers.Unbound, PeerServers.Bind })
        {
            Assert.Equal("NOERROR A 192.0.2.20 CNAME www.alice.example.", await names.AskAsync(recursor, "alias.gw.example A"));
            Assert.Equal("NOERROR A 192.0.2.20", await names.AskAsync(recursor, "www.alice.example A"));
            Assert.Equal("NXDOMAIN", await names.AskAsync(recursor, "absent.alice.example A"));
            Assert.Equal("NOERROR NS ns1.gw.example. NS ns2.gw.example.", await names.AskAsync(recursor, "alice.example NS"));
            Assert.Equal("NOERROR A 192.0.2.20 CNAME www.alice.example.", await names.AskAsync(recursor, "x.y.by.gw.example A"));
            Assert.Equal("NXDOMAIN CNAME absent.alice.example.", await names.AskAsync(recursor, "gone.gw.example A"));
        }
    }

    [Theory]
    [Trait("adv", "D20")]
    [InlineData(PeerServers.Unbound)]
    [InlineData(PeerServers.Bind)]
    public async Task A_tenant_cannot_put_addresses_of_others_into_a_recursor(string recursor)
    {
        foreach (var question in new[] { "mallory.example MX", "mallory.example NS", "pay.mallory.example A" })
        {
            Assert.DoesNotContain("203.0.113.66", await names.WholeAnswerAsync(DelegatedNames.First, question), StringComparison.Ordinal);
            Assert.StartsWith("NOERROR ", await names.AskAsync(recursor, question), StringComparison.Ordinal);
        }

        Assert.Equal("NOERROR A 192.0.2.90 CNAME bank.example.", await names.AskAsync(recursor, "pay.mallory.example A"));
        Assert.Equal("NOERROR A 192.0.2.90", await names.AskAsync(recursor, "bank.example A"));
        Assert.Equal("NOERROR A 192.0.2.91", await names.AskAsync(recursor, "www.bank.example A"));
    }
}
