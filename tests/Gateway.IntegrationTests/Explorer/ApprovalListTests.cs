using Gateway.Cli.Reservations;
using Gateway.Explorer;
using Gateway.ExplorerApi;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Xunit;
using static Gateway.IntegrationTests.Explorer.ExplorerFixture;

namespace Gateway.IntegrationTests.Explorer;

/// <summary>What waits for a user's agreement, as the command line finds it among more workloads than an explorer looks through.</summary>
public sealed class ApprovalListTests(ExplorerFixture explorer) : IClassFixture<ExplorerFixture>
{
    /// <summary>The numbers between two workloads; those that hold none are left out of a page.</summary>
    private const int Between = 120_000;

    [Fact]
    [Trait("adv", "R9")]
    public async Task Among_more_than_an_explorer_looks_through_the_first_and_the_last_are_found_at_the_pace_of_one_address()
    {
        var (alice, bob) = (await explorer.UserAsync("alice"), await explorer.UserAsync("bob"));
        var first = await AskForAsync(alice, bob, "first.gw.example.com");
        await AskForAsync(bob, alice, "other.gw.example.com");
        await explorer.Connection.Database.StringSetAsync(RedisSchema.ExplorerWorkloadCounterKey, Between);
        var last = await AskForAsync(alice, bob, "last.gw.example.com");
        Assert.Equal(400, Refusal(await bob.Client.ListWorkloadsAsync(null, NextAction.Sign, null, 1, Stop)).Status);
        using var stop = new CancellationTokenSource();
        using var log = new KeptLog();
        var (slow, running) = Start(new ExplorerOptions { RatePerAddress = 20, RateExempt = [] }, explorer.Connection, stop.Token, logs: log);
        using var caller = Open(bob, new Uri($"http://{slow.Bound[0]}"));
        Assert.False((await new Listed(caller).ToApproveAsync(Stop)).Failed(out var fault, out var waiting), fault?.Message);
        Assert.Equal([first, last], waiting!.Select(it => it.Id));
        Assert.Contains(log.Lines, line => line.Contains("answered 429", StringComparison.Ordinal));
        await stop.CancelAsync();
        await running;
        await slow.DisposeAsync();
    }

    private static async Task<long> AskForAsync(TestUser user, TestUser approver, string name)
    {
        var workload = user.Subdomain(name, "203.0.113.10") with { SigningRequestProvision = new SigningRequest { Signers = [approver.Id], QuorumMin = 1 } };
        return Value(await user.Client.CreateWorkloadAsync(workload with { CustomerSignature = WorkloadChallenge.SignCustomer(workload, user.Identity) }, Stop));
    }

    private static Caller Open(TestUser user, Uri at)
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            Assert.True(SeedStore.TryCreate(path, new SeedFile(user.Identity, user.Id).EncodeForUser(), out var fault), fault);
            Assert.False(Caller.Open(path, at.ToString(), TimeProvider.System).Failed(out var unopened, out var caller), unopened?.Message);
            return caller!;
        }
        finally
        {
            File.Delete(path);
        }
    }
}
