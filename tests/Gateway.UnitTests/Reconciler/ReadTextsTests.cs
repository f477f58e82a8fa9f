using Gateway.Model;
using Gateway.Model.Reservations;
using Gateway.Reconciler.Planning;
using Gateway.Reconciler.Storing;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

public sealed class ReadTextsTests
{
    private static readonly LiveReservation Reservation = LiveReservation.From(new StoredReservation(
        new Reservation.DelegateDomain("7-1", 1, "node", DateTimeOffset.UnixEpoch, DomainName.Parse("example.test")), "", "", 2, new StoredResult(1, "", "null", "", new GoTime(DateTimeOffset.UnixEpoch))));

    [Fact]
    public void A_text_is_known_again_at_every_reading_that_finds_it()
    {
        var texts = After("text"u8);
        for (var reading = 0; reading < 3; reading++)
        {
            texts.Begin();
            Assert.True(texts.TryGet("7-1", "text"u8, out var known));
            Assert.Same(Reservation, known);
            texts.End();
        }
    }

    [Fact]
    public void Another_text_or_another_place_is_not_known()
    {
        var texts = After("text"u8);
        texts.Begin();
        Assert.False(texts.TryGet("7-1", "texts"u8, out _));
        Assert.False(texts.TryGet("8-1", "text"u8, out _));
        texts.End();
        texts.Begin();
        Assert.False(texts.TryGet("7-1", "text"u8, out _));
    }

    [Fact]
    public void A_reading_that_was_cut_short_says_nothing_about_what_it_did_not_see()
    {
        var texts = After("text"u8);
        texts.Begin();
        texts.Begin();
        Assert.True(texts.TryGet("7-1", "text"u8, out _));
    }

    private static ReadTexts After(ReadOnlySpan<byte> text)
    {
        var texts = new ReadTexts();
        texts.Begin();
        texts.Add(Reservation, text);
        texts.End();
        return texts;
    }
}
