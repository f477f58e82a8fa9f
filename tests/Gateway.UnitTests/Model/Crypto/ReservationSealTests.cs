using System.Net;
using System.Text;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.Reservations;
using Xunit;

namespace Gateway.UnitTests.Model.Crypto;

[Trait("adv", "R8")]
public sealed class ReservationSealTests
{
    private static readonly ReservationSeal Ours = new(Identity.FromSeed("12345678901234567890123456789012"u8));
    private static readonly ReservationSeal Theirs = new(Identity.FromSeed("another-gateway-0123456789abcdef"u8));

    private static StoredReservation Stored { get; } = Of("42-1", 7, "a.gw.example.com", "203.0.113.10");

    [Fact]
    public void What_was_sealed_holds_after_it_was_written_and_read() =>
        Assert.True(Ours.Holds(Read(RedisSchema.EncodeReservation(Ours.Put(Stored)))));

    [Fact]
    public void A_later_version_may_add_members_without_breaking_it() =>
        Assert.True(Ours.Holds(Read(RedisSchema.EncodeReservation(Ours.Put(Stored)).TrimEnd()[..^1] + ",\"later\":[1]}")));

    [Theory]
    [InlineData("\"user_id\":\"7\"", "\"user_id\":\"9\"")]
    [InlineData("\"id\":\"42-1\"", "\"id\":\"43-1\"")]
    [InlineData("a.gw.example.com", "b.gw.example.com")]
    [InlineData("203.0.113.10", "203.0.113.66")]
    [InlineData("\"type\":\"subdomain\"", "\"type\":\"domain_delegate\"")]
    [InlineData("\"version\":2", "\"version\":0")]
    [InlineData("\"seal\":\"", "\"seal\":\"x")]
    public void Nothing_of_it_can_be_changed(string was, string becomes)
    {
        var text = RedisSchema.EncodeReservation(Ours.Put(Stored));
        Assert.Contains(was, text, StringComparison.Ordinal);
        Assert.False(Ours.Holds(Read(text.Replace(was, becomes, StringComparison.Ordinal))));
    }

    [Fact]
    public void Nobody_else_can_make_it()
    {
        Assert.False(Ours.Holds(Theirs.Put(Stored)));
        Assert.False(Ours.Holds(Stored));
    }

    private static StoredReservation Of(string id, long user, string name, string address) => new(
        new Reservation.Subdomain(id, user, "4CcKDtU1JNGi8U4D8Rv9CHzfmF7xzaxEAPFA54eQjRHF", DateTimeOffset.UnixEpoch, DomainName.Parse(name), new EquatableList<IPAddress>([IPAddress.Parse(address)])),
        "ab", "", 2, new StoredResult(1, "", "null", "beef", default));

    private static StoredReservation Read(string text)
    {
        Assert.True(RedisSchema.TryDecodeReservation(Encoding.UTF8.GetBytes(text), out var stored, out var fault), fault);
        return stored;
    }
}
