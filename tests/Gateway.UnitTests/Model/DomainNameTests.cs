using Gateway.Model;
using Xunit;

namespace Gateway.UnitTests.Model;

public sealed class DomainNameTests
{
    [Theory]
    [InlineData("Hello.GW.test", "hello.gw.test")]
    [InlineData("hello.gw.test.", "hello.gw.test")]
    [InlineData(".", ".")]
    [InlineData(@"a\.b.test", @"a\.b.test")]
    [InlineData(@"\000.test", @"\000.test")]
    public void One_name_has_one_spelling(string text, string canonical) =>
        Assert.Equal(canonical, DomainName.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData(".a")]
    [InlineData("a..b")]
    [InlineData("a b")]
    [InlineData("é.test")]
    [InlineData(@"a\")]
    [InlineData(@"a\999")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test")]
    public void What_is_no_name_is_refused(string text) => Assert.False(DomainName.TryParse(text, out _));

    [Fact]
    public void The_longest_name_is_read_and_a_longer_one_is_refused()
    {
        var label = new string('a', 63);
        var longest = $"{label}.{label}.{label}.{new string('a', 61)}";
        Assert.True(DomainName.TryParse(longest, out var name));
        Assert.Equal(DomainName.MaxLength, name.Wire.Length);
        Assert.True(DomainName.TryParse(longest + ".", out _));
        Assert.False(DomainName.TryParse(longest + "a", out _));
        Assert.False(DomainName.TryParse("b." + longest, out _));
    }

    [Fact]
    public void A_suffix_counts_only_at_a_label_boundary()
    {
        Assert.True(DomainName.Parse("a.example").IsUnder(DomainName.Parse("example")));
        Assert.False(DomainName.Parse("evilexample").IsAtOrUnder(DomainName.Parse("example")));
        Assert.False(DomainName.Parse("example").IsUnder(DomainName.Parse("example")));
    }

    [Fact]
    public void Canonical_order_is_that_of_RFC_4034()
    {
        string[] sorted = ["example", "a.example", "yljkjljk.a.example", "z.a.example", "zabc.a.example", "z.example", @"\001.z.example", "*.z.example", @"\200.z.example"];
        Assert.Equal(sorted, sorted.Reverse().Select(text => DomainName.Parse(text)).Order().Select(name => name.ToString()));
    }

    [Fact]
    public void Wire_names_with_pointers_or_trailing_bytes_are_refused()
    {
        Assert.True(DomainName.TryFromWire([1, (byte)'A', 0], out var name));
        Assert.Equal("a", name.ToString());
        Assert.False(DomainName.TryFromWire([0xC0, 12], out _));
        Assert.False(DomainName.TryFromWire([1, (byte)'a', 0, 0], out _));
        Assert.False(DomainName.TryFromWire([5, (byte)'a', 0], out _));
    }
}
