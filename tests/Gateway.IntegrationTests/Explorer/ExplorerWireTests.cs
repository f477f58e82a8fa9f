using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Explorer;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.IntegrationTests.Explorer;

/// <summary>What the API looks like on the wire, apart from its objects.</summary>
public sealed class ExplorerWireTests(ExplorerFixture explorer) : IClassFixture<ExplorerFixture>
{
    [Theory]
    [InlineData("GET", "/")]
    [InlineData("GET", "/api/v1/users/")]
    [InlineData("GET", "/api/v1/users/x")]
    [InlineData("GET", "/API/v1/users")]
    [InlineData("POST", "/api/v1/workloads")]
    [InlineData("GET", "/api/v1/reservations/nodes/x/workloads")]
    [InlineData("GET", "/api/v1/reservations/nodes/x/workloads?from=-1")]
    [InlineData("GET", "/api/v1/reservations/nodes/workloads/1")]
    [InlineData("PUT", "/api/v1/reservations/nodes/x/workloads/1-x")]
    public async Task An_unknown_path_is_plain_text(string method, string path)
    {
        var (response, body) = await explorer.SendAsync(method, path, method == "GET" ? null : "{}");
        Assert.Equal((HttpStatusCode.NotFound, "404 page not found\n", "text/plain; charset=utf-8"), (response.StatusCode, body, response.Content.Headers.ContentType!.ToString()));
    }

    [Theory]
    [InlineData("GET", "/api/v1/users/999999", 404, "user not found")]
    [InlineData("GET", "/api/v1/nothing", 404, "there is no such path, or a parameter has the wrong form")]
    [InlineData("DELETE", "/api/v1/users", 405, "this path has no such method")]
    [InlineData("GET", "/api/v1/gateways?page=x", 400, "page and size are numbers from 1 on")]
    public async Task Who_asks_for_problem_details_gets_them_with_the_old_member_beside_them(string method, string path, int status, string detail)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(explorer.Root, path));
        request.Headers.TryAddWithoutValidation("Accept", "application/problem+json, application/json");
        using var response = await explorer.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal((status, "application/problem+json"), ((int)response.StatusCode, response.Content.Headers.ContentType!.ToString()));
        using var problem = System.Text.Json.JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var root = problem.RootElement;
        Assert.Equal(("about:blank", status, detail, detail), (root.GetProperty("type").GetString(), root.GetProperty("status").GetInt32(), root.GetProperty("detail").GetString(), root.GetProperty("error").GetString()));
        Assert.NotEqual("", root.GetProperty("title").GetString());
    }

    [Theory]
    [InlineData("DELETE", "/api/v1/users")]
    [InlineData("HEAD", "/api/v1/gateways")]
    [InlineData("GET", "/api/v1/reservations/nodes/x/workloads/1-1")]
    public async Task A_wrong_method_gets_an_empty_405(string method, string path)
    {
        var (response, body) = await explorer.SendAsync(method, path);
        Assert.Equal((HttpStatusCode.MethodNotAllowed, ""), (response.StatusCode, body));
    }

    [Fact]
    public async Task JSON_answers_say_so_and_end_with_a_line_feed()
    {
        var (response, body) = await explorer.SendAsync("GET", "/api/v1/users?page=999");
        Assert.Equal(("[]\n", "application/json"), (body, response.Content.Headers.ContentType!.ToString()));
        (response, body) = await explorer.SendAsync("GET", $"/api/v1/reservations/nodes/{explorer.Gateway.Id}/workloads?from=0");
        Assert.Equal("null\n", body);
        Assert.True(response.Headers.Contains("X-Last-Id"));
    }

    [Theory]
    [InlineData("page=0&size=0", HttpStatusCode.OK)]
    [InlineData("page=x", HttpStatusCode.BadRequest)]
    [InlineData("size=-1", HttpStatusCode.BadRequest)]
    [InlineData("page=99999999999", HttpStatusCode.BadRequest)]
    public async Task Pages_are_numbers(string query, HttpStatusCode status) =>
        Assert.Equal(status, (await explorer.SendAsync("GET", "/api/v1/users?" + query)).Response.StatusCode);

    [Fact]
    [Trait("adv", "R9")]
    public async Task A_body_over_the_limit_is_refused()
    {
        var (response, body) = await explorer.SendAsync("POST", "/api/v1/users", new string(' ', 300_000));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.StartsWith("{\"error\":\"the body is longer than 262144 octets\"}", body, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("adv", "R9")]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[")]
    [InlineData("{\"name\":{}}")]
    [InlineData("nul")]
    public async Task Malformed_JSON_is_a_400(string body)
    {
        var (response, answer) = await explorer.SendAsync("POST", "/api/v1/users", body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.StartsWith("{\"error\":\"malformed JSON", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_signature_is_a_401_that_says_which_headers_it_needs()
    {
        var (response, body) = await explorer.SendAsync("POST", "/api/v1/gateways", "{}");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Signature headers=\"(created) date threebot-id\"", response.Headers.WwwAuthenticate.ToString());
        Assert.Equal("{\"error\":\"unauthorized access: no Authorization header\"}\n", body);
    }

    [Fact]
    [Trait("adv", "R9")]
    public async Task A_signature_from_yesterday_is_refused()
    {
        var old = SignedHeaders.Sign(explorer.Gateway.Id, explorer.Gateway, TimeProvider.System.GetUtcNow().AddDays(-1));
        var (response, body) = await explorer.SendAsync("POST", $"/api/v1/gateways/{explorer.Gateway.Id}/uptime", "{\"uptime\":1}", old);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains("check the clock", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broken_expires_in_any_octets_is_passed_over()
    {
        var signed = SignedHeaders.Sign(explorer.Gateway.Id, explorer.Gateway, TimeProvider.System.GetUtcNow());
        foreach (byte[] broken in (byte[][])[[0xEF, 0xBF, 0xBD], [0xFF], [0xC3, 0x28]])
        {
            var at = signed.Authorization.IndexOf("expires=\"", StringComparison.Ordinal) + 9;
            byte[] head =
            [
                .. Encoding.ASCII.GetBytes($"POST /api/v1/gateways/{explorer.Gateway.Id}/uptime HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 12\r\nDate: {signed.Date}\r\nThreebot-Id: {signed.KeyId}\r\nAuthorization: {signed.Authorization[..at]}'"),
                .. broken,
                .. Encoding.ASCII.GetBytes($"'{signed.Authorization[signed.Authorization.IndexOf('"', at)..]}\r\n\r\n{{\"uptime\":1}}"),
            ];
            var answer = await RawAsync(head);
            Assert.DoesNotContain("unauthorized", answer, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Pages_of_other_origins_may_read()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(explorer.Root, "/api/v1/users"));
        request.Headers.Add("Origin", "https://dashboard.example");
        using var response = await explorer.Http.SendAsync(request, ExplorerFixture.Stop);
        Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("Pages", response.Headers.GetValues("Access-Control-Expose-Headers").Single());
        using var preflight = new HttpRequestMessage(HttpMethod.Options, new Uri(explorer.Root, "/api/v1/users"));
        preflight.Headers.Add("Origin", "https://dashboard.example");
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        using var allowed = await explorer.Http.SendAsync(preflight, ExplorerFixture.Stop);
        Assert.Equal("Content-Type", allowed.Headers.GetValues("Access-Control-Allow-Headers").Single());
    }

    [Fact]
    public async Task Two_servers_cannot_have_one_port_and_the_fault_names_it()
    {
        var options = new ExplorerOptions { Listen = [new IPEndPoint(IPAddress.Loopback, explorer.Root.Port)] };
        await using var second = new ExplorerServer(options, explorer.Connection, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        Assert.Contains(explorer.Root.Port.ToString(null, null), Assert.Single(second.Bind()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_curl_can_use_it()
    {
        var key = Identity.Create().PublicKey.Hex;
        var created = await CurlAsync("-sS", "-X", "POST", "-d", $$"""{"name":"Curly.3bot","email":"C@example.com","pubkey":"{{key}}","id":99,"host":"h"}""", "-w", "%{http_code}", new Uri(explorer.Root, "/api/v1/users").ToString());
        Assert.EndsWith("\n201", created, StringComparison.Ordinal);
        Assert.Contains("\"name\":\"curly.3bot\",\"email\":\"c@example.com\"", created, StringComparison.Ordinal);
        Assert.DoesNotContain("\"id\":99", created, StringComparison.Ordinal);
        Assert.Contains(key, await CurlAsync("-sS", new Uri(explorer.Root, "/api/v1/users?name=curly.3bot").ToString()), StringComparison.Ordinal);
    }

    private async Task<string> RawAsync(byte[] request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, explorer.Root.Port, ExplorerFixture.Stop);
        await using var stream = client.GetStream();
        await stream.WriteAsync(request, ExplorerFixture.Stop);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(ExplorerFixture.Stop);
    }

    private static async Task<string> CurlAsync(params string[] arguments)
    {
        using var curl = Process.Start(new ProcessStartInfo("curl", arguments) { RedirectStandardOutput = true })!;
        var output = await curl.StandardOutput.ReadToEndAsync(ExplorerFixture.Stop);
        await curl.WaitForExitAsync(ExplorerFixture.Stop);
        Assert.Equal(0, curl.ExitCode);
        return output;
    }
}
