using System.Net;
using Gateway.Model;
using StackExchange.Redis;
using Xunit;

namespace Gateway.IntegrationTests.Explorer;

/// <summary>A filter by what a workload says reads each of them, so it stops at 100,000; who meets the limit is told the way round it.</summary>
public sealed class ExplorerFilterLimitTests(ExplorerFixture explorer) : IClassFixture<ExplorerFixture>
{
    private const int Limit = 100_000;

    private const string Path = "/api/v1/reservations/workloads?size=1&";

    [Fact]
    [Trait("adv", "R9")]
    public async Task A_filter_over_too_many_says_what_to_do_instead()
    {
        await explorer.Connection.Database.StringSetAsync(RedisSchema.ExplorerWorkloadCounterKey, Limit + 1);
        await HasAsync(7, Limit + 1);
        await HasAsync(8, Limit);
        foreach (var filter in (string[])["next_action=3", "workload_type=7", "next_action=3&workload_type=7"])
        {
            await IsRefusedAsync(filter, "more than 100000 workloads to look through: add customer_tid, or page through the list without next_action and workload_type and choose yourself");
            await IsRefusedAsync("customer_tid=7&" + filter, "customer 7 has more than 100000 workloads to look through: page through the list without next_action and workload_type and choose yourself");
        }

        // The way that the answer names.
        foreach (var query in (string[])["", "customer_tid=7"])
        {
            var (response, _) = await explorer.SendAsync("GET", Path + query);
            Assert.Equal((HttpStatusCode.OK, "100001"), (response.StatusCode, response.Headers.GetValues("Pages").Single()));
        }

        Assert.Equal((HttpStatusCode.OK, "[]\n"), await AskAsync("customer_tid=8&next_action=3"));
    }

    private async Task HasAsync(long customer, int workloads)
    {
        foreach (var ids in Enumerable.Range(1, workloads).Chunk(10_000))
            await explorer.Connection.Database.SortedSetAddAsync(RedisSchema.ExplorerCustomersKey, [.. ids.Select(id => new SortedSetEntry(RedisSchema.ExplorerPair(customer, id), 0))]);
    }

    private async Task IsRefusedAsync(string query, string message) =>
        Assert.Equal((HttpStatusCode.BadRequest, $"{{\"error\":\"{message}\"}}\n"), await AskAsync(query));

    private async Task<(HttpStatusCode Status, string Body)> AskAsync(string query)
    {
        var (response, body) = await explorer.SendAsync("GET", Path + query);
        return (response.StatusCode, body);
    }
}
