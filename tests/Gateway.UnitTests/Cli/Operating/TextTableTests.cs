using System.Text.Json.Nodes;
using Gateway.Cli.Operating;
using Xunit;

namespace Gateway.UnitTests.Cli.Operating;

public sealed class TextTableTests
{
    [Theory]
    [InlineData("2026-11-20T22:27:35.0000000+00:00", "2026-11-20 22:27:35 UTC")]
    [InlineData("2026-11-20T22:27:35.9Z", "2026-11-20 22:27:35 UTC")]
    [InlineData("2026-11-20T23:27:35+01:00", "2026-11-20 22:27:35 UTC")]
    [InlineData("soon", "soon")]
    public void A_moment_is_told_to_the_second(string value, string told) => Assert.Equal(told, TextTable.Moment(JsonValue.Create(value)));

    [Fact]
    public void Columns_are_as_wide_as_their_widest_cell_and_a_missing_member_is_empty()
    {
        JsonArray items = [new JsonObject { ["a"] = "long name", ["b"] = new JsonArray(1, 2) }, new JsonObject { ["a"] = "x" }];
        Assert.Equal("A          B\nlong name  1, 2\nx", TextTable.Of(items, "none", ("A", TextTable.Member("a")), ("B", TextTable.Member("b"))));
        Assert.Equal("none", TextTable.Of([], "none", ("A", TextTable.Moment("a"))));
    }
}
