using System.Net;
using System.Text;
using Gateway.Model;
using Gateway.Model.Reservations;
using Xunit;

namespace Gateway.UnitTests.Model;

public sealed class RedisSchemaReservationsTests
{
    private static readonly System.Text.Json.JsonElement Vector = Vectors.Read("reservation-cache.json");

    [Fact]
    public void A_cached_reservation_is_written_byte_for_byte_as_it_was_read()
    {
        var text = Vector.GetProperty("value_utf8").GetString()!;
        Assert.Equal(RedisSchema.ReservationsKey, Vector.GetProperty("redis_key").GetString());
        Assert.Equal(text, RedisSchema.EncodeReservation(Read(text)));
    }

    [Fact]
    public void A_cached_reservation_says_what_the_old_program_put_in()
    {
        var stored = Read(Vector.GetProperty("value_utf8").GetString()!);
        var content = Assert.IsType<Reservation.ReverseProxy>(stored.Reservation);
        Assert.Equal("42-1", content.Id);
        Assert.Equal(7, content.User);
        Assert.Equal("a.gw.example.com", content.Domain.ToString());
        Assert.Equal("00ff", content.EncryptedSecret);
        Assert.Equal(2, content.Version);
        Assert.Equal("abcd", stored.CustomerSignature);
        Assert.Equal(1, stored.Result.State);
        Assert.Equal("beef", stored.Result.Signature);
    }

    [Fact, Trait("adv", "R11")]
    public void Missing_and_older_versions_are_read_as_well()
    {
        foreach (var text in Vector.GetProperty("also_readable").EnumerateArray())
            Assert.Equal(Vector.GetProperty("value_utf8").GetString(), RedisSchema.EncodeReservation(Read(text.GetString()!)));
    }

    [Fact, Trait("adv", "R11")]
    public void Newer_versions_and_garbage_are_refused_with_a_reason()
    {
        foreach (var text in Vector.GetProperty("must_fail").EnumerateArray())
        {
            Assert.False(RedisSchema.TryDecodeReservation(Encoding.UTF8.GetBytes(text.GetString()!), out _, out var fault));
            Assert.NotEmpty(fault);
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("\"1.0.0\"")]
    [InlineData("\"1.0.0\"[]")]
    [InlineData("\"1.0\"{\"id\":\"1-1\",\"user_id\":\"7\"}")]
    [InlineData("\"1.0.0{\"id\":\"1-1\",\"user_id\":\"7\"}")]
    [InlineData("{\"id\":\"1-1\",\"user_id\":\"alice\"}")]
    [InlineData("{\"id\":1,\"user_id\":\"7\"}")]
    [InlineData("{\"id\":\"1-1\",\"user_id\":\"7\",\"signature\":\"#\"}")]
    [InlineData("{\"id\":\"1-1\",\"user_id\":\"7\",\"created\":\"yesterday\"}")]
    [InlineData("{\"id\":\"1-1\",\"user_id\":\"7\",\"data\":{\"domain\":1}}")]
    public void What_cannot_be_understood_is_refused(string text) =>
        Assert.False(RedisSchema.TryDecodeReservation(Encoding.UTF8.GetBytes(text), out _, out _));

    [Fact]
    public void What_follows_the_object_is_a_fault_and_octets_that_are_no_text_are_replaced()
    {
        var good = "\"1.0.0\"{\"id\":\"1-1\",\"user_id\":\"7\",\"type\":\"proxy\",\"reference\":\"x?\"}"u8.ToArray();
        Assert.True(RedisSchema.TryDecodeReservation([.. good, (byte)' ', (byte)'\n'], out _, out _));
        Assert.False(RedisSchema.TryDecodeReservation([.. good, (byte)'{', (byte)'}'], out _, out _));
        Assert.False(RedisSchema.TryDecodeReservation(good.AsSpan()[..^1], out _, out _));
        good[^3] = 0xff;
        Assert.True(RedisSchema.TryDecodeReservation(good, out var stored, out _));
        Assert.Equal("x\uFFFD", stored.Reference);
    }

    [Theory]
    [InlineData("2021-01-07T06:13:20Z")]
    [InlineData("2021-01-07T06:13:25.123456789Z")]
    [InlineData("2021-01-07T07:13:25.5+01:00")]
    [InlineData("2021-01-07T06:13:25.00000001Z")]
    public void Times_keep_every_digit(string text)
    {
        Assert.True(GoTime.TryParse(text, out var time));
        Assert.Equal(text, time.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("2021-01-07")]
    [InlineData("2021-01-07 06:13:20Z")]
    [InlineData("2021-01-07T06:13:20")]
    [InlineData("2021-01-07T06:13:20.1234567890Z")]
    [InlineData("2021-13-07T06:13:20Z")]
    public void What_is_no_time_is_refused(string text) => Assert.False(GoTime.TryParse(text, out _));

    [Fact]
    public void Every_kind_is_read_back_as_it_was_written()
    {
        var made = DateTimeOffset.FromUnixTimeSeconds(1_610_000_000);
        var name = DomainName.Parse("a.gw.test");
        Reservation[] kinds =
        [
            new Reservation.DelegateDomain("1-1", 7, "node", made, name),
            new Reservation.Subdomain("2-1", 7, "node", made, name, new([IPAddress.Parse("203.0.113.10"), IPAddress.Parse("2001:db8::10")])),
            new Reservation.Subdomain("3-1", 7, "node", made, name, new([])),
            new Reservation.Proxy("4-1", 7, "node", made, name, "198.51.100.7", 80, 443),
            new Reservation.ReverseProxy("5-1", 7, "node", made, name, "00ff", 0),
            new Reservation.Gateway4To6("6-1", 7, "node", made, "mR5f+/="),
        ];
        foreach (var kind in kinds)
        {
            var stored = new StoredReservation(kind, "ab", "", kind is Reservation.ReverseProxy ? 0 : 2, new StoredResult(1, "", "null", "beef", new GoTime(made)));
            Assert.Equal(stored, Read(RedisSchema.EncodeReservation(stored)));
        }
    }

    [Fact]
    public void A_sub_domain_keeps_its_addresses_under_the_name_that_the_old_program_gave_them()
    {
        var it = new Reservation.Subdomain("2-1", 7, "node", DateTimeOffset.UnixEpoch, DomainName.Parse("a.gw.test"), new([IPAddress.Parse("203.0.113.10"), IPAddress.Parse("2001:db8::10")]));
        var text = RedisSchema.EncodeReservation(new StoredReservation(it, "", "", 2, new StoredResult(1, "", "null", "", default)));
        Assert.Contains("\"data\":{\"domain\":\"a.gw.test\",\"destination\":[\"203.0.113.10\",\"2001:db8::10\"]},", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"signature\":\"\",\"to_delete\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(7, 1, "", false)]
    [InlineData(77, 0, "a \"bad\" <name>\n", true)]
    [InlineData(5, null, "", true)]
    public void An_outbox_entry_is_read_back_as_it_was_written(int category, int? state, string message, bool delete)
    {
        var entry = new OutboxEntry(category, state, message, delete, 1_610_000_000);
        Assert.True(RedisSchema.TryDecodeOutbox(Encoding.UTF8.GetBytes(RedisSchema.EncodeOutbox(entry)), out var back, out _));
        Assert.Equal(entry, back);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("[]")]
    [InlineData("{\"state\":\"1\"}")]
    [InlineData("{\"delete\":1}")]
    public void A_damaged_outbox_entry_is_refused(string text) =>
        Assert.False(RedisSchema.TryDecodeOutbox(Encoding.UTF8.GetBytes(text), out _, out _));

    [Fact]
    public void A_cursor_counts_only_for_the_explorer_that_it_was_read_from()
    {
        var (ours, theirs) = (new Uri("http://127.0.0.1:8090/api/v1"), new Uri("https://explorer.example/api/v1"));
        Assert.Equal(4325, RedisSchema.DecodeCursor(RedisSchema.EncodeCursor(4325, ours), ours));
        Assert.Equal(0, RedisSchema.DecodeCursor(RedisSchema.EncodeCursor(4325, ours), theirs));
        Assert.Equal(0, RedisSchema.DecodeCursor(null, ours));
        Assert.Equal(0, RedisSchema.DecodeCursor("garbage", ours));
    }

    private static StoredReservation Read(string text)
    {
        Assert.True(RedisSchema.TryDecodeReservation(Encoding.UTF8.GetBytes(text), out var stored, out var fault), fault);
        return stored;
    }
}
