using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Replies;
using Xunit;

namespace Gateway.UnitTests.Model.Replies;

public sealed class DnsReplyTests
{
    private static readonly DomainName Host = DomainName.Parse("www.shop.org");
    private static readonly DomainName Server = DomainName.Parse("ns1.shop.org");

    private static readonly byte[] Query = new DnsQuestion(Host, RecordType.A).ForResolver(0x1234);

    // www.shop.org CNAME ns1.shop.org (with a pointer to the question), ns1.shop.org A 192.0.2.7, and a TXT of two strings.
    private static readonly byte[] Records =
    [
        0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 6, 3, (byte)'N', (byte)'s', (byte)'1', 0xC0, 16,
        0xC0, 42, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7,
        0xC0, 42, 0, 16, 0, 1, 0, 0, 0, 60, 0, 6, 2, (byte)'a', (byte)'b', 2, (byte)'c', (byte)'d',
    ];

    // shop.org SOA ns1.shop.org . 1 2 3 4 7, for 60 seconds.
    private static readonly byte[] Soa =
        [0xC0, 16, 0, 6, 0, 1, 0, 0, 0, 60, 0, 23, 0xC0, 42, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 7];

    [Fact]
    public void A_resolver_is_asked_for_one_name_with_recursion() =>
        Assert.Equal("12340100000100000000000003777777" + "0473686F70036F7267" + "0000010001", Convert.ToHexString(Query));

    [Fact]
    public void A_server_is_asked_without_recursion_and_told_what_may_come_back() =>
        Assert.Equal("12340000000100000000000103777777" + "0473686F70036F7267" + "0000010001" + "00002904D0000080000000", Convert.ToHexString(new DnsQuestion(Host, RecordType.A).ForServer(0x1234)));

    [Fact]
    public void An_answer_is_read_with_its_aliases_addresses_texts_and_negative_time()
    {
        Assert.True(DnsReply.TryRead(Answer(), Query, out var reply));
        Assert.Equal((0, true, false), (reply.Code, reply.IsAuthoritative, reply.IsTruncated));
        Assert.Equal([Host, Server, Server], reply.Answers.Select(record => record.Owner));
        Assert.Equal(Server, reply.Answers[0].Name);
        Assert.Equal("192.0.2.7", reply.Answers[1].Address?.ToString());
        Assert.Equal("abcd", reply.Answers[2].Text);
        Assert.Equal((DomainName.Parse("shop.org"), Server, 7u), (reply.Authority[0].Owner, reply.Authority[0].Name, reply.Authority[0].Minimum));
    }

    [Fact]
    public void Another_number_another_question_or_a_query_is_no_answer()
    {
        foreach (var at in new[] { 0, 1, 13, Query.Length - 3, Query.Length - 1 })
        {
            var forged = Answer();
            forged[at] ^= 1;
            Assert.False(DnsReply.TryRead(forged, Query, out _));
        }

        Assert.False(DnsReply.TryRead(Query, Query, out _));
        Assert.False(DnsReply.TryRead([], Query, out _));
    }

    [Fact]
    public void The_question_may_come_back_in_other_case_and_only_a_fault_may_leave_it_out()
    {
        var capitals = Answer();
        capitals[13] = (byte)'W';
        Assert.True(DnsReply.TryRead(capitals, Query, out _));
        Assert.True(DnsReply.TryRead([0x12, 0x34, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0], Query, out var refused));
        Assert.Equal(1, refused.Code);
        Assert.False(DnsReply.TryRead([0x12, 0x34, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0], Query, out _));
    }

    [Fact]
    public void What_was_cut_is_a_reply_only_when_it_says_so()
    {
        var answer = Answer();
        Assert.False(DnsReply.TryRead(answer.AsSpan(0, Query.Length + 30), Query, out _));
        answer[2] |= 2;
        Assert.True(DnsReply.TryRead(answer.AsSpan(0, Query.Length + 30), Query, out var cut));
        Assert.True(cut.IsTruncated);
        Assert.Single(cut.Answers);
    }

    [Fact]
    public void A_pointer_that_leads_to_itself_or_forwards_ends_the_reading()
    {
        foreach (var target in new[] { (byte)Query.Length, (byte)(Query.Length + 4) })
        {
            var answer = Answer();
            answer[Query.Length + 1] = target;
            Assert.False(DnsReply.TryRead(answer, Query, out _));
        }
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
            _ = DnsReply.TryRead(message.AsSpan(0, random.Next(message.Length + 1)), Query, out _);
        }
    }

    private static byte[] Answer()
    {
        byte[] answer = [.. Query, .. Records, .. Soa];
        (answer[2], answer[3], answer[7], answer[9]) = (0x85, 0x80, 3, 1);
        return answer;
    }
}
