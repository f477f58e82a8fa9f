using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>Names that were given up, in a Redis that outlives the reconciler.</summary>
[Trait("adv", "R5")]
public sealed class QuarantineTests(RedisFixture redis) : RigTests(redis)
{
    private const string Name = "a.gw.example.com";

    [Fact]
    public async Task A_rest_outlives_a_restart_and_its_user_gets_the_name_back_at_once()
    {
        await using (var first = await Rig.StartAsync(Redis, Explorer))
        {
            var name = Explorer.Add(Rig.Subdomain(7, Name, "203.0.113.10"));
            await first.ServedAsync(name);
            Explorer.Delete(name);
            await first.EndedAsync(name);
            Assert.Null(first.Value("gw.example.com.", "a"));
        }

        await using var rig = await Rig.StartAsync(Redis, Explorer);
        var thief = Explorer.Add(Rig.Subdomain(9, Name, "203.0.113.99"));
        await rig.EndedAsync(thief);
        Assert.Contains("rests until", Explorer.ResultOf(thief)!.Message, StringComparison.Ordinal);
        await rig.ServedAsync(Explorer.Add(Rig.Subdomain(7, Name, "203.0.113.10")));
        Assert.False(await rig.Redis.HashExistsAsync(RedisSchema.QuarantineKey, Name));
    }

    [Fact]
    public async Task When_its_time_is_over_another_user_gets_the_name_and_nothing_of_the_former_one()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer, options => options.Quarantine = TimeSpan.FromSeconds(1));
        var name = Explorer.Add(Rig.Subdomain(7, Name, "203.0.113.10"));
        await rig.ServedAsync(name);
        Explorer.Delete(name);
        await rig.EndedAsync(name);
        await Eventually.TrueAsync(
            async () =>
            {
                var next = Explorer.Add(Rig.Subdomain(9, Name, "203.0.113.99"));
                await rig.ReportedAsync(next);
                return await rig.IsServedAsync(next);
            },
            "another user has the name");
        Assert.Equal("""{"a":[{"ip":"203.0.113.99","ttl":3600}]}""", rig.Value("gw.example.com.", "a"));
    }
}
