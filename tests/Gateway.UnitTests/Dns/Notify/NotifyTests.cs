using System.Net;
using Gateway.Dns.Notify;
using Gateway.Dns.Tsig;
using Gateway.Dns.Zones;
using Gateway.Model;
using Xunit;

namespace Gateway.UnitTests.Dns.Notify;

public sealed class NotifyTests
{
    private static readonly DomainName Zone = DomainName.Parse("zone.example");
    private static readonly IPEndPoint Secondary = new(IPAddress.Parse("192.0.2.53"), 53);
    private static readonly TsigKeys Keys = KeysOf("k:hmac-sha256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");

    private readonly byte[] _message = new byte[NotifyMessage.Longest];

    [Fact]
    public void A_notification_carries_the_new_SOA()
    {
        var length = NotifyMessage.Write(_message, 0x1234, Zone, HeadOf(7));
        Assert.Equal("1234240000010001000000000" + "47a6f6e65076578616d706c65000006" + "0001" + "c00c00060001", Convert.ToHexStringLower(_message.AsSpan(0, 36)));
        Assert.Equal(7, _message[length - 17]);
    }

    [Fact]
    public void It_is_sent_at_once_and_again_after_longer_and_longer_pauses()
    {
        var queue = new NotifyQueue([new NotifyTarget(Secondary, null)]);
        queue.Changed(Zone, HeadOf(1), now: 0);
        var times = new List<long>();
        for (long now = 0; now < 120_000; now += 10)
            if (queue.TryTake(now, out _)) times.Add(now);
        Assert.Equal([100, 1_100, 3_100, 7_100, 15_100], times);
        Assert.Equal(1, queue.GivenUp);
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void Changes_before_it_is_sent_make_one_notification_of_the_newest()
    {
        var queue = new NotifyQueue([new NotifyTarget(Secondary, null)]);
        for (uint serial = 1; serial <= 50; serial++) queue.Changed(Zone, HeadOf(serial), now: serial);
        Assert.True(queue.TryTake(1_000, out var notice));
        Assert.Equal(50u, notice.Head.Serial);
        Assert.False(queue.TryTake(1_000, out _));
    }

    [Fact]
    public void A_change_after_it_was_sent_is_sent_too_and_the_old_answer_does_not_settle_it()
    {
        var queue = new NotifyQueue([new NotifyTarget(Secondary, null)]);
        queue.Changed(Zone, HeadOf(1), now: 0);
        Assert.True(queue.TryTake(100, out var first));
        var answer = AnswerTo(first);
        queue.Changed(Zone, HeadOf(2), now: 200);
        Assert.False(queue.Answered(answer, Secondary, 0));
        Assert.True(queue.TryTake(300, out var second));
        Assert.Equal(2u, second.Head.Serial);
        Assert.True(queue.Answered(AnswerTo(second), Secondary, 0));
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void Only_the_secondary_s_own_answer_settles_it()
    {
        var queue = new NotifyQueue([new NotifyTarget(Secondary, null)]);
        queue.Changed(Zone, HeadOf(1), now: 0);
        Assert.True(queue.TryTake(100, out var notice));
        var answer = AnswerTo(notice);
        Assert.False(queue.Answered(answer, new IPEndPoint(IPAddress.Parse("192.0.2.54"), 53), 0));
        Assert.False(queue.Answered(answer, new IPEndPoint(Secondary.Address, 5353), 0));
        byte[] otherId = [(byte)(answer[0] ^ 1), .. answer[1..]], query = [.. answer], otherZone = [.. answer];
        query[2] &= 0x7F;
        otherZone[14] ^= 1;
        foreach (var forged in new[] { otherId, query, otherZone, answer[..20], answer[..5], [] }) Assert.False(queue.Answered(forged, Secondary, 0));
        Assert.True(queue.Answered(answer, Secondary, 0));
        Assert.False(queue.Answered(answer, Secondary, 0));
        Assert.False(queue.TryTake(60_000, out _));
        Assert.Equal(0, queue.GivenUp);
    }

    [Fact]
    public void With_a_key_only_a_signed_answer_settles_it()
    {
        Assert.True(NotifyTarget.TryParse("192.0.2.53 k", Keys, out var target, out _));
        var queue = new NotifyQueue([target]);
        queue.Changed(Zone, HeadOf(1), now: 0);
        Assert.True(queue.TryTake(100, out var notice));
        var length = notice.Write(_message, 1_000);
        Assert.False(queue.Answered(AnswerTo(notice), Secondary, 1_000));
        Assert.True(SignedRequest.TryRead(_message.AsSpan(0, length), Keys, 1_000, out var request));
        Assert.Equal(SignatureWorth.Good, request!.Worth);
        var answer = new byte[1_024];
        var plain = AnswerTo(notice)[..length];
        plain.CopyTo(answer, 0);
        var bare = QuestionEnd();
        answer.AsSpan(6, 6).Clear();
        var signed = request.Sign(answer, bare, 1_000);
        Assert.False(queue.Answered(answer.AsSpan(0, signed), Secondary, 2_000));
        Assert.True(queue.Answered(answer.AsSpan(0, signed), Secondary, 1_000));
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1:53")]
    [InlineData("192.0.2.1:5300", "192.0.2.1:5300")]
    [InlineData("[2001:db8::1]:53", "[2001:db8::1]:53")]
    [InlineData("2001:db8::1 k", "[2001:db8::1]:53")]
    [InlineData("192.0.2.1 other", "")]
    [InlineData("ns.example", "")]
    [InlineData("", "")]
    public void Secondaries_are_written_as_an_address_and_the_name_of_a_key(string text, string expected)
    {
        Assert.Equal(expected.Length > 0, NotifyTarget.TryParse(text, Keys, out var target, out var fault));
        Assert.Equal(expected.Length > 0 ? "" : fault, fault);
        if (target is not null) Assert.Equal(expected, target.ToString());
    }

    private static int QuestionEnd() => 12 + Zone.Wire.Length + 4;

    private static byte[] AnswerTo(Notice notice)
    {
        var answer = new byte[NotifyMessage.Longest];
        NotifyMessage.Write(answer, notice.Id, notice.Zone, notice.Head);
        answer[2] |= 0x80;
        answer[7] = 0;
        return answer;
    }

    private static ZoneHead HeadOf(uint serial) => new Zone(Zone, new ZoneDefaults(), serial).Head;

    private static TsigKeys KeysOf(string option)
    {
        Assert.True(TsigKey.TryParse(new Secret(option), out var key, out var fault), fault);
        return new TsigKeys([key]);
    }
}
