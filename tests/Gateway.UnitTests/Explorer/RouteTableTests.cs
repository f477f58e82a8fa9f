using Gateway.Explorer.Http;
using Xunit;

namespace Gateway.UnitTests.Explorer;

public sealed class RouteTableTests
{
    private static readonly RouteTable Table = new RouteTable(_ => Task.CompletedTask)
        .Add("GET", "/a/{id:id}", (_, _) => Task.FromResult(ApiAnswer.Null(200)))
        .Add("PUT", "/a/{id:id}", (_, _) => Task.FromResult(ApiAnswer.Null(200)))
        .Add("GET", "/a/b/{gwid:gwid}", (_, _) => Task.FromResult(ApiAnswer.Null(200)))
        .Add("GET", "/n/{node}/w", (_, _) => Task.FromResult(ApiAnswer.Null(200)));

    [Theory]
    [InlineData("GET", "/a/7", "/a/{id:id}", "id=7")]
    [InlineData("PUT", "/a/007", "/a/{id:id}", "id=007")]
    [InlineData("GET", "/a/b/4321-1", "/a/b/{gwid:gwid}", "gwid=4321-1")]
    [InlineData("GET", "/n/x y/w", "/n/{node}/w", "node=x y")]
    public void A_path_finds_its_route_and_its_parameters(string method, string path, string template, string parameters)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        Assert.Equal(template, Table.Find(method, path, found).Route!.Template);
        Assert.Equal(parameters, string.Join(',', found.Select(pair => $"{pair.Key}={pair.Value}")));
    }

    [Theory]
    [InlineData("/a/x")]
    [InlineData("/a/")]
    [InlineData("/a")]
    [InlineData("/a/7/")]
    [InlineData("/A/7")]
    [InlineData("//a/7")]
    [InlineData("/a/-7")]
    [InlineData("/a/٣")]
    [InlineData("/a/b/1-2-3")]
    [InlineData("/a/b/-")]
    [InlineData("/n//w")]
    [InlineData("")]
    public void Another_form_is_another_path(string path) => Assert.False(Table.Find("GET", path, []).IsKnownPath);

    [Fact]
    public void A_known_path_with_another_method_is_told_apart()
    {
        var (route, isKnownPath) = Table.Find("DELETE", "/a/7", []);
        Assert.Null(route);
        Assert.True(isKnownPath);
    }
}
