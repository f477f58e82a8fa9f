using Gateway.Dns;
using Gateway.Dns.Forwarding;
using Gateway.Dns.Wire;
using Xunit;

namespace Gateway.UnitTests.Dns.Forwarding;

/// <summary>What is asked of an upstream, and what of its answers is believed.</summary>
public sealed class UpstreamMessageTests
{
    private const ushort Id = 0xBEEF;
    private const int TypeAaaa = 28;

    private static readonly byte[] Question = [.. Query.Wire("www.Other.test"), 0, 1, 0, 1];
    private static readonly byte[] Address = [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 7];
    private static readonly byte[] Opt = [0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0];

    [Fact]
    public void The_question_goes_out_under_another_id_with_an_opt_record_of_ours()
    {
        var client = Query.Of("www.Other.test A").WithOpt(size: 4096, dnssecOk: true, options: Query.Option(10, 1, 2, 3, 4, 5, 6, 7, 8)) with { Flags = 0x0130 };
        var message = new byte[UpstreamQuery.Longest];
        var length = UpstreamQuery.Write(message, client.ToBytes(), Id, 1232);
        byte[] expected = [0xBE, 0xEF, 1, 0x30, 0, 1, 0, 0, 0, 0, 0, 1, .. Question, 0, 0, 41, 0x04, 0xD0, 0, 0, 0x80, 0, 0, 0];
        Assert.Equal(expected, message[..length]);
        Assert.Equal(Question, UpstreamQuery.Question(message.AsSpan(0, length)).ToArray());
    }

    [Fact]
    public void An_answer_is_passed_on_with_our_flags_and_without_the_opt_record_of_the_upstream()
    {
        var reply = Relayed(Message([.. Address, .. Opt], answers: 1, additional: 1, flags: 0x85A0), Query.Of("www.Other.test A").WithOpt());
        Assert.Equal(["www.Other.test. 60 A 203.0.113.7"], reply.Answer);
        // QR, RD and RA; neither AA nor AD, for we are no authority and have checked nothing.
        Assert.Equal(0x8180, reply.Flags);
        Assert.Equal(1232, reply.OptSize);
        Assert.Null(Relayed(Message([.. Address, .. Opt], answers: 1, additional: 1), Query.Of("www.Other.test A")).Opt);
    }

    [Fact]
    public void A_denial_keeps_its_code_and_a_code_between_resolvers_becomes_a_failure()
    {
        Assert.Equal((int)Rcode.NxDomain, Relayed(Message([], flags: 0x8183), Query.Of("www.Other.test A")).Rcode);
        byte[] badVersion = [0, 0, 41, 0x10, 0, 1, 0, 0, 0, 0, 0];
        Assert.Equal((int)Rcode.ServFail, Relayed(Message(badVersion, additional: 1), Query.Of("www.Other.test A").WithOpt()).Rcode);
    }

    [Fact]
    public void What_is_truncated_or_too_long_for_the_client_is_truncated_for_it_too()
    {
        Assert.True(Relayed(Message([.. Address], answers: 1, flags: 0x8380), Query.Of("www.Other.test A")).Truncated);
        byte[] many = [.. Enumerable.Repeat(Address, 60).SelectMany(record => record)];
        var query = Query.Of("www.Other.test A");
        Assert.True(Relayed(Message(many, answers: 60), query) is { Truncated: true, Answer.Count: 0, Length: <= 512 });
        Assert.True(Relayed(Message(many, answers: 60), query.WithOpt()) is { Truncated: false, Answer.Count: 60 });
    }

    [Fact]
    public void Letters_may_be_folded_on_the_way_but_nothing_else_may_differ()
    {
        var good = Message(Address, answers: 1);
        Assert.True(Read(good));
        Assert.True(Read(Changed(good, 12 + 5, (byte)'o')));
        Assert.False(Read(Changed(good, 0, 0)));
        Assert.False(Read(Changed(good, 2, 0x01)));
        Assert.False(Read(Changed(good, 2, 0xA1)));
        Assert.False(Read(Changed(good, 5, 0)));
        Assert.False(Read(Changed(good, 12 + 1, (byte)'v')));
        Assert.False(Read(Changed(good, 12 + Question.Length - 3, TypeAaaa)));
        Assert.False(Read(Changed(good, 7, 2)));
    }

    [Fact]
    [Trait("adv", "D1")]
    public void No_message_of_an_upstream_makes_us_fail_or_say_something_malformed()
    {
        var random = new Random(20);
        var good = Message([.. Address, .. Address, .. Opt], answers: 1, additional: 2);
        var relayed = 0;
        for (var i = 0; i < 50_000; i++)
        {
            var message = good[..(random.Next(3) == 0 ? random.Next(good.Length) : good.Length)];
            for (var j = random.Next(4); j > 0 && message.Length > 2; j--) message[random.Next(2, message.Length)] = (byte)random.Next(256);
            if (!UpstreamAnswer.TryRead(message, Id, Question, out var answer)) continue;
            var response = new byte[512];
            var length = new Responder(new ResponderOptions()).Relay(Query.Of("www.Other.test A").ToBytes(), answer, response, Own());
            Assert.InRange(length, 12 + Question.Length, 512);
            relayed++;
        }

        Assert.True(relayed > 1_000, $"only {relayed} were passed on");
    }

    [Theory]
    [InlineData("www.other.test A", 0x0100, true, true)]
    [InlineData("www.other.test A", 0x0000, true, false)]
    [InlineData("www.other.test A", 0x0100, false, false)]
    [InlineData("www.own.test A", 0x0100, true, false)]
    [InlineData("absent.own.test A", 0x0100, true, false)]
    [InlineData("other.test AXFR", 0x0100, true, false)]
    [InlineData("www.other.test A", 0x2900, true, false)]
    public void Only_recursive_queries_of_own_clients_for_names_outside_may_be_forwarded(string question, int flags, bool own, bool forwardable)
    {
        var zones = new TestZones().With("own.test", ("www", """{"a":[{"ip":"192.0.2.1"}]}"""));
        var query = Query.Of(question) with { Flags = (ushort)flags };
        var response = new byte[512];
        var client = new Client([192, 0, 2, 1], false, 1, recursionAvailable: own);
        zones.Responder.Respond(query.ToBytes(), response, zones.Zones, client, out var verdict);
        Assert.Equal(forwardable, verdict.Forwardable);
        Assert.Equal(own ? 0x80 : 0, response[3] & 0x80);
    }

    [Fact]
    public void A_query_of_another_class_is_not_forwarded()
    {
        var zones = new TestZones();
        zones.Responder.Respond((Query.Of("version.bind TXT") with { Class = 3 }).ToBytes(), new byte[512], zones.Zones, Own(), out var verdict);
        Assert.False(verdict.Forwardable);
    }

    private static Client Own() => new([192, 0, 2, 1], false, 1, recursionAvailable: true);

    private static byte[] Message(byte[] records, int answers = 0, int additional = 0, int flags = 0x8180) =>
        [.. Query.Big16(Id), .. Query.Big16(flags), 0, 1, .. Query.Big16(answers), 0, 0, .. Query.Big16(additional), .. Question, .. records];

    private static byte[] Changed(byte[] message, int at, byte octet)
    {
        byte[] changed = [.. message];
        changed[at] = octet;
        return changed;
    }

    private static bool Read(byte[] message) => UpstreamAnswer.TryRead(message, Id, Question, out _);

    private static Reply Relayed(byte[] message, Query query)
    {
        Assert.True(UpstreamAnswer.TryRead(message, Id, Question, out var answer));
        var response = new byte[4_096];
        return Reply.Read(response.AsSpan(0, new Responder(new ResponderOptions()).Relay(query.ToBytes(), answer, response, Own())));
    }
}
