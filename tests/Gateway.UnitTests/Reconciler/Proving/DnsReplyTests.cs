using Gateway.Model;
using Gateway.Reconciler.Proving;
using Xunit;

namespace Gateway.UnitTests.Reconciler.Proving;

public sealed class DnsReplyTests
{
    private static readonly DomainName Host = DomainName.Parse("www.shop.org");

    private static readonly byte[] Query = DnsReply.Ask(0x1234, Host, DnsTypes.A);

    // www.shop.org CNAME ns1.shop.org (with a pointer to the question), ns1.shop.org A 192.0.2.7, and a TXT of two strings.
    private static readonly byte[] Records =
    [
        0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 6, 3, (byte)'N', (byte)'s', (byte)'1', 0xC0, 16,
        0xC0, 42, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7,
        0xC0, 42, 0, 16, 0, 1, 0, 0, 0, 60, 0, 6, 2, (byte)'a', (byte)'b', 2, (byte)'c', (byte)'d',
    ];

    [Fact]
    public void A_query_asks_for_one_name_with_recursion() =>
        Assert.Equal("12340100000100000000000003777777" + "0473686F70036F7267" + "0000010001", Convert.ToHexString(Query));

    [Fact]
    public void An_answer_is_read_with_its_aliases_addresses_and_texts()
    {
        var reply = DnsReply.Read(Answer(), Query)!;
        Assert.Equal((0, false), (reply.Code, reply.IsTruncated));
        Assert.Equal([DomainName.Parse("ns1.shop.org")], reply.Aliases);
        Assert.Equal(["192.0.2.7"], reply.Addresses.Select(address => address.ToString()));
        Assert.Equal(["abcd"], reply.Texts);
    }

    [Fact]
    public void Another_number_another_question_or_a_query_is_no_answer()
    {
        foreach (var at in new[] { 0, 1, 13, Query.Length - 3, Query.Length - 1 })
        {
            var forged = Answer();
            forged[at] ^= 1;
            Assert.Null(DnsReply.Read(forged, Query));
        }

        Assert.Null(DnsReply.Read(Query, Query));
        Assert.Null(DnsReply.Read([], Query));
    }

    [Fact]
    public void Whatever_is_sent_is_read_without_a_fault()
    {
        var random = new Random(4);
        for (var round = 0; round < 50_000; round++)
        {
            var message = Answer();
            for (var flips = random.Next(1, 5); flips > 0; flips--) message[random.Next(2, message.Length)] = (byte)random.Next(256);
            Query.AsSpan(12).CopyTo(message.AsSpan(12));
            _ = DnsReply.Read(message.AsSpan(0, random.Next(message.Length + 1)), Query);
        }
    }

    [Fact]
    public void A_token_is_of_one_gateway_one_user_and_one_host()
    {
        var token = ProofToken.For("gateway", 7, Host);
        Assert.Matches("^gateway-proof=[0-9a-f]{32}$", token);
        Assert.Equal(token, ProofToken.For("gateway", 7, DomainName.Parse("WWW.shop.org.")));
        Assert.Distinct([token, ProofToken.For("other", 7, Host), ProofToken.For("gateway", 8, Host), ProofToken.For("gateway", 7, Host.Parent)]);
    }

    private static byte[] Answer()
    {
        byte[] answer = [.. Query, .. Records];
        (answer[2], answer[3], answer[7]) = (0x81, 0x80, 3);
        return answer;
    }
}
