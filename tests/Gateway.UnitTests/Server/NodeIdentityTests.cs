using System.Collections.Concurrent;
using Gateway.Server;
using Gateway.Server.Options;
using Xunit;

namespace Gateway.UnitTests.Server;

public sealed class NodeIdentityTests
{
    [Fact]
    public void Roles_that_start_together_for_the_first_time_have_one_identity()
    {
        const int roles = 8;
        for (var round = 0; round < 20; round++)
        {
            var work = Directory.CreateTempSubdirectory("gateway-");
            try
            {
                var (taken, faults) = (new ConcurrentBag<string>(), new ConcurrentBag<string>());
                using var together = new Barrier(roles);
                var threads = Enumerable.Range(0, roles).Select(role => new Thread(() => Take(Path.Combine(work.FullName, $"{role}"), work.FullName, together, taken, faults))).ToArray();
                foreach (var thread in threads) thread.Start();
                foreach (var thread in threads) thread.Join();
                Assert.Empty(faults);
                Assert.Single(taken.Distinct());
                Assert.Equal("identity.seed", Assert.Single(work.GetFiles()).Name);
            }
            finally
            {
                work.Delete(recursive: true);
            }
        }
    }

    private static void Take(string state, string shared, Barrier together, ConcurrentBag<string> taken, ConcurrentBag<string> faults)
    {
        Assert.True(NodeDirectory.TryOpen(state, out var directory, out _));
        using var owned = directory;
        together.SignalAndWait();
        if (NodeIdentity.TryTake(new NodeOptions { Seed = Path.Combine(shared, "identity.seed") }, directory, out var identity, out var fault)) taken.Add(identity.Id);
        else faults.Add(fault);
    }
}
