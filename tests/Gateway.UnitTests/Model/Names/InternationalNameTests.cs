using System.Text;
using Gateway.Model.ExplorerApi;
using Gateway.Model.Names;
using Xunit;

namespace Gateway.UnitTests.Model.Names;

/// <summary>Names in other letters than those of the DNS.</summary>
[Trait("adv", "D8")]
public sealed class InternationalNameTests
{
    // RFC 3492 section 7.1: (A) to (I), (L), (M) and (S), in small letters.
    [Theory]
    [InlineData("ليهمابتكلموشعربي؟", "egbpdaj6bu4bxfgehfvwxn")]
    [InlineData("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye")]
    [InlineData("他們爲什麽不說中文", "ihqwctvzc91f659drss3x8bo0yb")]
    [InlineData("pročprostěnemluvíčesky", "proprostnemluvesky-uyb24dma41a")]
    [InlineData("למההםפשוטלאמדבריםעברית", "4dbcagdahymbxekheh6e0a7fei0b")]
    [InlineData("यहलोगहिन्दीक्योंनहींबोलसकतेहैं", "i1baa7eci9glrd9b2ae1bj0hfcgg6iyaf8o0a1dig0cd")]
    [InlineData("なぜみんな日本語を話してくれないのか", "n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa")]
    [InlineData("почемужеонинеговорятпорусски", "b1abfaaepdrnnbgefbadotcwatmq2g4l")]
    [InlineData("3年b組金八先生", "3b-ww4c5e180e575a65lsy2b")]
    [InlineData("bücher", "bcher-kva")]
    public void The_samples_of_the_standard_are_read_and_written(string text, string encoded)
    {
        var points = text.EnumerateRunes().Select(rune => rune.Value).ToArray();
        Assert.Equal(encoded, Punycode.Encode(points));
        Assert.Equal(points, Punycode.Decode(encoded));
    }

    [Theory]
    [InlineData("xn--bcher-kva")]
    [InlineData("xn--n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa")]
    [InlineData("xn--b1abfaaepdrnnbgefbadotcwatmq2g4l")]
    [InlineData("xn--3b-ww4c5e180e575a65lsy2b")]
    [InlineData("plain")]
    [InlineData("a--b")]
    [InlineData("_x-1")]
    public void A_label_that_nobody_takes_for_another_is_given(string label) => Assert.Null(InternationalName.FaultOf(label));

    [Theory]
    [InlineData("pаypal", "mixes letters of different scripts (Cyrillic, Latin)")]
    [InlineData("gοοgle", "mixes letters of different scripts (Greek, Latin)")]
    [InlineData("аррӏе", "all look like Latin ones")]
    [InlineData("сор-1", "all look like Latin ones")]
    [InlineData("νικο", "all look like Latin ones")]
    [InlineData("paypaı", "U+0131")]
    [InlineData("ab\u200dcd", "U+200D")]
    [InlineData("straße", "U+00DF")]
    [InlineData("u\u0308ber", "U+0308")]
    [InlineData("Bücher", "U+0042")]
    [InlineData("a\u202ebc", "U+202E")]
    [InlineData("a１", "U+FF11")]
    [InlineData("☃", "U+2603")]
    [InlineData("\u0901क", "begins with a mark")]
    public void A_label_that_people_would_take_for_another_is_not(string text, string fault) =>
        Assert.Contains(fault, InternationalName.FaultOf("xn--" + Punycode.Encode([.. text.EnumerateRunes().Select(rune => rune.Value)])), StringComparison.Ordinal);

    [Theory]
    [InlineData("xn--")]
    [InlineData("xn--abc-")]
    [InlineData("xn--99999999")]
    [InlineData("xn--a_b")]
    public void A_label_that_only_looks_like_an_encoded_one_is_not(string label) => Assert.Contains("no valid A-label", InternationalName.FaultOf(label), StringComparison.Ordinal);

    [Fact]
    public void Two_hyphens_where_an_encoding_is_announced_are_kept_back() => Assert.Contains("kept back", InternationalName.FaultOf("ab--cd"), StringComparison.Ordinal);

    [Theory]
    [InlineData("bücher.gw.test", "'xn--bcher-kva.gw.test' is the form")]
    [InlineData("BÜCHER.gw.test.", "'xn--bcher-kva.gw.test' is the form")]
    [InlineData("pаypal.gw.test", "no sure form")]
    [InlineData("bücher。gw。test", "no sure form")]
    [InlineData("\ud800.gw.test", "no sure form")]
    public void A_name_in_its_own_letters_is_refused_with_the_spelling_to_use(string text, string fault)
    {
        Assert.False(WorkloadConversion.TryReadDomain(text, out _, out var said));
        Assert.Contains(fault, said, StringComparison.Ordinal);
        Assert.True(Ascii.IsValid(said));
    }

    [Fact]
    public void Whatever_octets_follow_the_prefix_are_judged_without_an_exception()
    {
        var random = new Random(5);
        for (var i = 0; i < 20_000; i++)
        {
            var label = "xn--" + string.Concat(Enumerable.Range(0, random.Next(0, 60)).Select(_ => "abcdefghijklmnopqrstuvwxyz0123456789-_"[random.Next(38)]));
            if (Punycode.Decode(label.AsSpan(4)) is { } points && InternationalName.FaultOf(label) is null) Assert.Equal(label, "xn--" + Punycode.Encode(points));
        }
    }
}
