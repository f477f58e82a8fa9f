using Gateway.Model;
using Xunit;

namespace Gateway.UnitTests.Model;

public sealed class PeerTextTests
{
    [Theory]
    [InlineData("plain", 20, "plain")]
    [InlineData("größer ✓", 20, "größer ✓")]
    [InlineData("a\u001b[2Jb\r\nc\u0000\u007f\u009b", 20, "a [2Jb  c   ")]
    [InlineData("a\u2028b\u2029c\u202ed", 20, "a b c d")]
    [InlineData("0123456789", 10, "0123456789")]
    [InlineData("0123456789a", 10, "0123456789 …")]
    public void A_peers_text_becomes_one_short_line(string text, int most, string expected) => Assert.Equal(expected, PeerText.OneLine(text, most));
}
