using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>Reservations that need the word of other users, at the command line, against a real node.</summary>
public sealed class ApprovalTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _work = new();
    private RunningNode _node = null!;
    private CommandLineUser _alice = null!;
    private CommandLineUser _bobby = null!;
    private CommandLineUser _carol = null!;

    public async ValueTask InitializeAsync()
    {
        _node = await RunningNode.StartAsync(_work.File("state"));
        _alice = await new CommandLineUser(_node, _work.Path).RegisterAsync();
        _bobby = await new CommandLineUser(_node, _work.Path, "bobby").RegisterAsync();
        _carol = await new CommandLineUser(_node, _work.Path, "carol").RegisterAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _work.Dispose();
    }

    [Fact]
    public async Task A_name_that_two_others_must_approve_is_served_when_they_have()
    {
        var made = await _alice.MustAsync("reserve", "subdomain", "a.gw.test", "--ip", "127.0.0.1", "--approver", "2", "--approver", "3");
        var id = made["id"]!.ToString();
        Assert.Equal(("unapproved", "2"), (made["state"]!.ToString(), made["approvals"]!.ToString()));
        Assert.Contains("2 of the users 2, 3 have to agree", (await _alice.RunAsync("reservations")).Output, StringComparison.Ordinal);
        Assert.Equal(id, Assert.Single((await _bobby.MustAsync("reservations", "--to-approve")).AsArray())!["id"]!.ToString());
        Assert.Empty((await _alice.MustAsync("reservations", "--to-approve")).AsArray());

        Assert.Contains("user 3 has to agree as well", (await _bobby.RunAsync("approve", id)).Output, StringComparison.Ordinal);
        Assert.Equal((3, 0), await Resolver.AskAsync(_node.Dns, "a.gw.test"));
        Assert.Contains("the gateway has it now", (await _carol.RunAsync("approve", id)).Output, StringComparison.Ordinal);
        await Programs.EventuallyAsync(async () => await Resolver.AskAsync(_node.Dns, "a.gw.test") == (0, 1), "the name is served");
        // A second word changes nothing, and is no fault.
        Assert.Equal(0, (await _bobby.RunAsync("approve", id)).Code);
    }

    [Fact]
    public async Task One_of_two_is_enough_where_the_user_says_so()
    {
        var id = (await _alice.MustAsync("reserve", "subdomain", "one.gw.test", "--ip", "127.0.0.1", "--approver", "2", "--approver", "3", "--approvals", "1"))["id"]!.ToString();
        await _carol.MustAsync("approve", id);
        await Programs.EventuallyAsync(async () => await Resolver.AskAsync(_node.Dns, "one.gw.test") == (0, 1), "the name is served");
    }

    [Fact]
    public async Task Waiting_for_it_ends_with_whose_word_is_missing_and_a_stranger_has_none()
    {
        var ended = await _alice.RunAsync("reserve", "subdomain", "w.gw.test", "--ip", "127.0.0.1", "--approver", "2", "--wait", "1", "--json");
        Assert.Equal(5, ended.Code);
        var told = System.Text.Json.Nodes.JsonNode.Parse(ended.Output)!;
        Assert.Equal("unapproved", told["reason"]!.ToString());
        Assert.Contains($"user 2 has to agree: 'gateway approve {told["id"]}'", told["error"]!.ToString(), StringComparison.Ordinal);
        var stranger = await _carol.RunAsync("approve", told["id"]!.ToString());
        Assert.Equal(3, stranger.Code);
        Assert.Contains("does not ask for your approval", stranger.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_for_it_ends_when_it_is_approved_and_up()
    {
        var waiting = _alice.RunAsync("reserve", "subdomain", "up.gw.test", "--ip", "127.0.0.1", "--approver", "2", "--wait", "60", "--nameserver", _node.Dns.ToString());
        await Programs.EventuallyAsync(async () => (await _bobby.MustAsync("reservations", "--to-approve")).AsArray().Count == 1, "it is there to be approved");
        await _bobby.MustAsync("approve", (await _bobby.MustAsync("reservations", "--to-approve"))[0]!["id"]!.ToString());
        var ended = await waiting;
        Assert.True(ended.Code == 0, ended.Error);
        Assert.Contains("It is up.", ended.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_may_delete_it_besides_its_user_can()
    {
        var id = (await _alice.MustAsync("reserve", "subdomain", "d.gw.test", "--ip", "127.0.0.1", "--may-delete", "2"))["id"]!.ToString();
        Assert.Equal(3, (await _carol.RunAsync("delete", id)).Code);
        await _bobby.MustAsync("delete", id);
        Assert.Equal("deleted", (await _alice.MustAsync("reservations", id))[0]!["state"]!.ToString());
    }
}
