using Gateway.Model;
using Xunit;

namespace Gateway.UnitTests.Model;

public sealed class GoJsonTests
{
    [Theory]
    [InlineData("", "\"\"")]
    [InlineData("www.example.com", "\"www.example.com\"")]
    [InlineData("{\"a\":\"b\\c\"}", "\"{\\\"a\\\":\\\"b\\\\c\\\"}\"")]
    [InlineData("a<b>&c\u2028d\u2029", "\"a\\u003cb\\u003e\\u0026c\\u2028d\\u2029\"")]
    [InlineData("\n\r\t\u0001x\b", "\"\\n\\r\\t\\u0001x\\u0008\"")]
    [InlineData("grün 東京 \U0001F600!", "\"grün 東京 \U0001F600!\"")]
    public void Strings_are_escaped_as_go_does(string text, string json) => Assert.Equal(json, GoJson.Quote(text));

    [Fact]
    public void Half_a_surrogate_pair_becomes_the_replacement_character()
    {
        Assert.Equal("\"a\uFFFDb\"", GoJson.Quote("a\uD83Db"));
        Assert.Equal("\"a\uFFFD\"", GoJson.Quote("a\uD83D"));
        Assert.Equal("\"\uFFFD\uFFFD\U0001F600\"", GoJson.Quote("\uDE00\uD83D\U0001F600"));
    }
}
