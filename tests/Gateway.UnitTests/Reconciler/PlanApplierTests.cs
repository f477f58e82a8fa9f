using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Reconciler.Planning;
using Gateway.Reconciler.Storing;
using Gateway.Store;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>How the steps of a plan become scripts.</summary>
public sealed class PlanApplierTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;

    private readonly KeptWrites _redis = new();

    [Theory]
    [InlineData(1)]
    [InlineData(1_999)]
    [InlineData(2_001)]
    [InlineData(8_000)]
    public async Task A_step_that_one_script_can_take_is_never_torn(int names)
    {
        await ApplyAsync(Names("a", 3), Names("b", names), Names("c", 3));
        var script = Assert.Single(_redis.Scripts, it => it.OfType<LedgerWrite.DeleteField>().Any(write => write.Field.StartsWith('b')));
        Assert.Equal(names, script.OfType<LedgerWrite.DeleteField>().Count(it => it.Field.StartsWith('b')));
    }

    [Fact]
    public async Task One_that_is_larger_is_torn_between_changes_and_steps_keep_their_order()
    {
        await ApplyAsync(Names("a", 3), Names("b", 9_001), Names("c", 3));
        Assert.All(_redis.Scripts, it => Assert.InRange(it.Count, 1, LedgerWriter.MaxWrites));
        // What is written only where something stands comes with the word of what stands there.
        Assert.All(_redis.Scripts, it => Assert.Equal(it.OfType<LedgerWrite.Expect>().Select(write => write.Field), it.OfType<LedgerWrite.DeleteField>().Select(write => write.Field)));
        var order = _redis.Scripts.SelectMany(it => it.OfType<LedgerWrite.DeleteField>()).Select(it => it.Field[0]).ToList();
        Assert.Equal(9_007, order.Count);
        Assert.Equal(order.Order(), order);
    }

    private async Task ApplyAsync(params PlanStep[] steps)
    {
        var applied = new List<PlanStep>();
        var applier = new PlanApplier(_redis, Identity.Create(), new Uri("http://explorer.test"));
        Assert.IsType<WriteOutcome.Written>(await applier.ApplyAsync(steps, cursor: null, Now, applied.Add, TestContext.Current.CancellationToken));
        Assert.Equal(steps, applied);
    }

    private static PlanStep Names(string letter, int count) =>
        new(new EquatableList<Change>(Enumerable.Range(0, count).Select(i => new Change.DropNameOwner(DomainName.Parse($"{letter}{i}.gw.test"), "7"))));

    private sealed class KeptWrites : ILedger
    {
        public event Action? Connected
        {
            add { }
            remove { }
        }

        public List<IReadOnlyList<LedgerWrite>> Scripts { get; } = [];

        public Task<LeaseState> TakeLeaseAsync(CancellationToken stop) => throw new NotSupportedException();

        public Task GiveLeaseBackAsync(CancellationToken stop) => Task.CompletedTask;

        public Task<WriteOutcome> WriteAsync(IReadOnlyList<LedgerWrite> writes, long fence, CancellationToken stop)
        {
            Scripts.Add([.. writes]);
            return Task.FromResult<WriteOutcome>(new WriteOutcome.Written(Scripts.Count));
        }

        public Task<long> ReadSequenceAsync(CancellationToken stop) => Task.FromResult((long)Scripts.Count);
    }
}
