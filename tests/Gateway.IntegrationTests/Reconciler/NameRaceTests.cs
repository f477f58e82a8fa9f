using System.Diagnostics;
using System.Globalization;
using Gateway.ExplorerApi;
using Gateway.IntegrationTests.Explorer;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using StackExchange.Redis;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>
/// Two users reserve the same name in the same instant, each at another of two nodes that share a Redis; which node's reconciler writes,
/// its lease decides, and now and then the one that writes ends in the middle.
/// </summary>
public sealed class NameRaceTests(ExplorerFixture explorer) : IClassFixture<ExplorerFixture>
{
    /// <summary>How many names are raced for; tests/races.sh races for a hundred thousand.</summary>
    internal const string NamesVariable = "GATEWAY_RACES";

    private const int FewNames = 2_000;

    /// <summary>Names of one round: as many as a user's page shows, and so a round is a page of each user.</summary>
    private const int NamesOfARound = 500;

    private const int RacesAtOnce = 32;

    /// <summary>Rounds after which the writer ends in the middle of one, the first time in the second.</summary>
    private const int RoundsOfAWriter = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact, Trait("adv", "R1")]
    public async Task Of_two_users_who_reserve_one_name_at_two_nodes_exactly_one_wins_and_the_other_is_told()
    {
        await using var one = await RacingNode.StartAsync(explorer, "one");
        await using var two = await RacingNode.StartAsync(explorer, "two");
        await Eventually.TrueAsync(() => one.IsWriter != two.IsWriter, "one of them writes");
        TestUser[] users = [await UserAsync("alice", one), await UserAsync("bob", two)];
        var rounds = int.Parse(Environment.GetEnvironmentVariable(NamesVariable) ?? $"{FewNames}", CultureInfo.InvariantCulture) / NamesOfARound;
        var (wins, begun) = (new int[2], Stopwatch.GetTimestamp());
        for (var round = 1; round <= rounds; round++)
        {
            var racing = RaceAsync(users, round);
            if (round % RoundsOfAWriter == 2) await TakeOverAsync(one, two);
            await racing;
            foreach (var winner in await WinnersAsync(users, round)) wins[winner]++;
            if (round % RoundsOfAWriter == 0 || round == rounds) Say(round * NamesOfARound);
        }

        void Say(int races)
        {
            var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
            TestContext.Current.SendDiagnosticMessage(string.Create(CultureInfo.InvariantCulture, $"{races} races, each with one winner and one who was told: {races / seconds:0} in a second; alice won {wins[0]}, bob {wins[1]}"));
        }
    }

    private static async Task TakeOverAsync(RacingNode one, RacingNode two)
    {
        var (writer, other) = one.IsWriter ? (one, two) : (two, one);
        await writer.EndReconcilerAsync();
        await Eventually.TrueAsync(() => other.IsWriter, "the other node writes");
        writer.BeginReconciler();
    }

    private async Task<TestUser> UserAsync(string name, RacingNode node)
    {
        var user = await explorer.UserAsync(name);
        return user with { Client = new ExplorerClient(explorer.Http, node.Root, ExplorerSigner.User(user.Id, user.Identity), Patience) };
    }

    // Who is asked first changes from name to name.
    private static Task RaceAsync(TestUser[] users, int round) => Parallel.ForEachAsync(Numbers(round), new ParallelOptions { MaxDegreeOfParallelism = RacesAtOnce }, async (number, _) =>
        await Task.WhenAll(users[number % 2].ReserveAsync(Name(number)), users[(number + 1) % 2].ReserveAsync(Name(number))));

    /// <summary>Who won each name of a round, once everybody knows: 0 or 1. What the users read and what is served say the same.</summary>
    private async Task<List<int>> WinnersAsync(TestUser[] users, int round)
    {
        List<Dictionary<string, Workload>> told = [];
        await Eventually.TrueAsync(
            async () => await IsQuietAsync() && (told = [await ReadAsync(users[0], round), await ReadAsync(users[1], round)]).All(it => it.Values.All(IsTold)),
            $"everybody knows how round {round} went",
            Patience);
        var names = Numbers(round).Select(Name).ToArray();
        var owners = await explorer.Connection.Database.HashGetAsync(RedisSchema.NameOwnersKey, [.. names.Select(it => (RedisValue)it)]);
        return [.. names.Zip(owners, (name, owner) => Winner(users, [told[0][name], told[1][name]], name, owner))];
    }

    private static int Winner(TestUser[] users, Workload[] told, string name, string? owner)
    {
        var winner = Array.FindIndex(told, it => it.NextAction == NextAction.Deploy);
        Assert.True(winner >= 0, $"nobody won {name}");
        var loser = told[1 - winner];
        Assert.Equal(NextAction.Deleted, loser.NextAction);
        Assert.Equal($"'{name}' is already reserved by another user: choose another name", loser.Result.Message);
        Assert.Equal(users[winner].Id.ToString(CultureInfo.InvariantCulture), owner);
        return winner;
    }

    private static async Task<Dictionary<string, Workload>> ReadAsync(TestUser user, int round)
    {
        var page = ExplorerFixture.Value(await user.Client.ListWorkloadsAsync(user.Id, null, null, round, NamesOfARound, ExplorerFixture.Stop));
        Assert.Equal(NamesOfARound, page.Items.Count);
        return page.Items.ToDictionary(it => it.Domain!);
    }

    // Nothing is owed to anybody any more.
    private async Task<bool> IsQuietAsync() => await explorer.Connection.Database.SortedSetLengthAsync(RedisSchema.ExplorerNodeQueueKey(explorer.Gateway.Id)) == 0;

    private static bool IsTold(Workload it) => it.NextAction == NextAction.Deleted || (it.NextAction == NextAction.Deploy && it.Result.State == ResultState.Ok);

    private static IEnumerable<int> Numbers(int round) => Enumerable.Range(round * NamesOfARound, NamesOfARound);

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"race{number}.gw.example.com");
}
