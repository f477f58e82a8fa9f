using System.Net;
using System.Text;
using Gateway.ExplorerApi;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.UnitTests.ExplorerApi;

public sealed class ExplorerClientTests
{
    private static readonly Identity Gateway = Identity.FromSeed("12345678901234567890123456789012"u8);
    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http://h:8090", "http://h:8090/api/v1")]
    [InlineData("https://h/", "https://h/api/v1")]
    [InlineData("https://h/explorer", "https://h/api/v1")]
    [InlineData("https://u:p@h/x/api/v1/?q=1#f", "https://h/x/api/v1")]
    public void A_base_address_gets_the_path_of_the_API(string typed, string address)
    {
        Assert.True(ExplorerAddress.TryParse(typed, out var uri, out _));
        Assert.Equal(address, uri.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("h:8090")]
    [InlineData("/api/v1")]
    [InlineData("ftp://h/")]
    public void What_is_no_base_address_is_refused_with_an_example(string typed)
    {
        Assert.False(ExplorerAddress.TryParse(typed, out _, out var fault));
        Assert.Contains("http://127.0.0.1:8090", fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_is_signed_and_its_body_is_the_contracts()
    {
        var peer = new Peer(HttpStatusCode.OK, "null\n");
        Assert.IsType<ExplorerOutcome<Accepted>.Ok>(await peer.Client().ReportUptimeAsync(Gateway.Id, TimeSpan.FromHours(1), Stop));
        Assert.Equal($"POST http://h/api/v1/gateways/{Gateway.Id}/uptime {{\"uptime\":3600}}", peer.Seen);
        Assert.True(HttpSignature.TryParse(peer.Headers["Authorization"], out var signature, out _));
        Assert.True(signature.Verify(Gateway.PublicKey, name => peer.Headers.GetValueOrDefault(name), out var fault), fault);
        Assert.Equal(Gateway.Id, signature.KeyId);
    }

    [Fact]
    public async Task A_poll_is_not_signed_and_reads_null_as_an_empty_page()
    {
        var peer = new Peer(HttpStatusCode.OK, "null\n", ("X-Last-Id", "9001"));
        var page = Assert.IsType<ExplorerOutcome<WorkloadPage>.Ok>(await peer.Client().PollAsync(Gateway.Id, 7, Stop)).Value;
        Assert.Empty(page.Workloads);
        Assert.Equal(9001, page.LastId);
        Assert.DoesNotContain("Authorization", peer.Headers.Keys);
        Assert.EndsWith("/workloads?from=7 ", peer.Seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_element_that_cannot_be_read_does_not_spoil_the_page()
    {
        var peer = new Peer(HttpStatusCode.OK, """[{"id":1,"workload_type":7,"domain":"a.b"},{"id":2,"workload_id":3,"workload_type":300},7,{"id":4,"workload_type":200},{"id":5,"workload_type":1,"flist":"x"}]""");
        var page = Assert.IsType<ExplorerOutcome<WorkloadPage>.Ok>(await peer.Client().PollAsync(Gateway.Id, 0, Stop)).Value;
        Assert.Equal([1, 4, 5], page.Workloads.Select(workload => workload.Id));
        Assert.Equal([(2L, 3L), (0L, 0L)], page.Faults.Select(fault => (fault.Id, fault.WorkloadId)));
        Assert.Equal(0, page.LastId);
    }

    [Theory]
    [InlineData(404, "404 page not found\n", "404 page not found")]
    [InlineData(405, "", "MethodNotAllowed")]
    [InlineData(409, "{\"error\":\"user with same name or email exists\"}\n", "user with same name or email exists")]
    [InlineData(502, "<html>\r\n<h1>Bad\u0007 Gateway</h1>", "<html>  <h1>Bad  Gateway</h1>")]
    public async Task Errors_of_every_form_become_one_line(int status, string body, string message)
    {
        var outcome = await new Peer((HttpStatusCode)status, body).Client().GetUserAsync(7, Stop);
        Assert.Equal(new ExplorerOutcome<User>.Refused(status, message), outcome);
    }

    [Fact]
    public async Task A_long_error_page_is_cut()
    {
        var outcome = await new Peer(HttpStatusCode.BadGateway, new string('x', 100_000)).Client().GetUserAsync(7, Stop);
        Assert.True(Assert.IsType<ExplorerOutcome<User>.Refused>(outcome) is { MayPass: true, Message.Length: < 400 });
    }

    [Fact]
    [Trait("adv", "S4")]
    public async Task A_redirect_is_refused()
    {
        var outcome = await new Peer(HttpStatusCode.Found, "", ("Location", "http://169.254.169.254/")).Client().GetUserAsync(7, Stop);
        Assert.Contains("169.254.169.254", Assert.IsType<ExplorerOutcome<User>.Refused>(outcome).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_success_without_JSON_is_no_success() =>
        Assert.IsType<ExplorerOutcome<User>.Unreachable>(await new Peer(HttpStatusCode.OK, "<html>").Client().GetUserAsync(7, Stop));

    [Fact]
    public async Task A_server_that_does_not_answer_ends_with_the_deadline()
    {
        var outcome = await new Peer(HttpStatusCode.OK, null).Client(TimeSpan.FromMilliseconds(20)).GetUserAsync(7, Stop);
        Assert.Contains("within", Assert.IsType<ExplorerOutcome<User>.Unreachable>(outcome).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_caller_is_not_told_about_the_server()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new Peer(HttpStatusCode.OK, null).Client().GetUserAsync(7, cancelled.Token));
    }

    [Fact]
    public async Task A_list_says_how_many_pages_there_are_and_filters_are_escaped()
    {
        var peer = new Peer(HttpStatusCode.OK, "[{\"id\":7}]", ("Pages", "3"));
        var list = Assert.IsType<ExplorerOutcome<Listing<User>>.Ok>(await peer.Client().ListUsersAsync("a&b c", null, 2, Stop)).Value;
        Assert.Equal((1, 3), (list.Items.Count, list.Pages));
        Assert.StartsWith("GET http://h/api/v1/users?name=a%26b%20c&page=2", peer.Seen, StringComparison.Ordinal);
    }

    private sealed class Peer(HttpStatusCode status, string? body, params (string Name, string Value)[] headers) : HttpMessageHandler
    {
        public string Seen { get; private set; } = "";

        public Dictionary<string, string> Headers { get; } = new(StringComparer.OrdinalIgnoreCase);

        public ExplorerClient Client(TimeSpan? deadline = null) =>
            new(new HttpClient(this), new Uri("http://h"), ExplorerSigner.Gateway(Gateway), deadline);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (body is null) await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            Seen = $"{request.Method} {request.RequestUri!.AbsoluteUri} {(request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken))}";
            foreach (var header in request.Headers.NonValidated) Headers[header.Key] = string.Join(", ", header.Value);
            var response = new HttpResponseMessage(status) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body!)) };
            foreach (var (name, value) in headers) response.Headers.TryAddWithoutValidation(name, value);
            return response;
        }
    }
}
