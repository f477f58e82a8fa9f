using System.Net;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>The variables of the old client: they are read, and count only where the command line says nothing.</summary>
public sealed class ExposeVariablesTests : IDisposable
{
    private const string Secret = "7:a-secret-of-this-test";

    private readonly TemporaryDirectory _work = new();

    public void Dispose() => _work.Dispose();

    [Fact]
    public async Task A_client_with_nothing_but_variables_carries_visitors()
    {
        await using var node = await StartNodeAsync();
        await using var site = new ByteServer(100, bytesPerSecond: 1_000_000);
        await using var client = new BackgroundProgram(Programs.Gateway, ["expose"], Variables(site.Address, $"127.0.0.1:1,{node.Tunnel}", Secret, "1"));
        await client.SaysAsync("connected as tunnel");
        Assert.Equal(HttpStatusCode.OK, await VisitAsync(node));
        Assert.DoesNotContain(Secret, client.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_command_line_says_counts_and_the_variables_for_it_do_not(bool inOtherWords)
    {
        await using var node = await StartNodeAsync();
        await using var site = new ByteServer(100, bytesPerSecond: 1_000_000);
        await File.WriteAllTextAsync(_work.File("secret"), Secret, TestContext.Current.CancellationToken);
        string[] words = inOtherWords ? [$"http://{site.Address}", "--secret-file", _work.File("secret")] : ["--local", site.Address, "--secret", Secret];
        // Each of these would end the client at once, if it were read.
        var wrong = Variables("no place", "no:place:here", new string('x', 70_000), "0");
        await using var client = new BackgroundProgram(Programs.Gateway, ["expose", .. words, "--remote", node.Tunnel.ToString(), "--backoff", "1"], wrong);
        await client.SaysAsync("connected as tunnel");
        Assert.Equal(HttpStatusCode.OK, await VisitAsync(node));
    }

    [Theory]
    [InlineData("TRC_LOCAL", "no place", "--local takes host:port, not 'no place'")]
    [InlineData("TRC_LOCAL", "", "Say what to expose")]
    [InlineData("TRC_REMOTE", "no:place:here", "'no:place:here'")]
    [InlineData("TRC_REMOTE", "", "Say which gateway to dial")]
    [InlineData("TRC_SECRET", "", "Give the tunnel's secret")]
    [InlineData("TRC_BACKOFF", "0", "--backoff takes 1 to 3600 seconds, not '0'")]
    public async Task A_variable_that_is_wrong_or_missing_ends_the_client_with_the_cure(string name, string value, string cure)
    {
        var variables = Variables("127.0.0.1:1", "127.0.0.1:1", Secret, "1");
        variables[name] = value;
        var ended = await Programs.RunAsync(Programs.Gateway, ["expose"], variables);
        Assert.Equal(2, ended.Code);
        Assert.Contains(cure, ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, ended.Output + ended.Error, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Variables(string local, string remote, string secret, string backOff) =>
        new() { ["TRC_LOCAL"] = local, ["TRC_REMOTE"] = remote, ["TRC_SECRET"] = secret, ["TRC_BACKOFF"] = backOff };

    private async Task<RunningNode> StartNodeAsync()
    {
        await File.WriteAllTextAsync(_work.File("routes"), $$"""{ "hello.example": { "clientsecret": "{{Secret}}" } }""");
        return await RunningNode.StartAsync(_work.File("state"), "--roles", "router", "--router-routes", _work.File("routes"));
    }

    private static async Task<HttpStatusCode> VisitAsync(RunningNode node)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://{node.Http}/"));
        request.Headers.Host = "hello.example";
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }
}
