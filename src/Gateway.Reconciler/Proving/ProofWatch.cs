using System.Threading.Channels;
using Gateway.Reconciler.Planning;

namespace Gateway.Reconciler.Proving;

/// <summary>Looks at proofs again, beside the loop, for a resolver may take its time; the loop asks, and takes what was found when it is all there.</summary>
internal sealed class ProofWatch(HostProofs proofs)
{
    /* One: a second asking before the first is answered asks for the same. */
    private readonly Channel<IReadOnlyList<ProofQuestion>> _asked =
        Channel.CreateBounded<IReadOnlyList<ProofQuestion>>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private IReadOnlyList<ProofFinding>? _found;

    /// <summary>Asks for a look at the proofs of these hosts.</summary>
    public void Ask(IReadOnlyList<ProofQuestion> hosts) => _asked.Writer.TryWrite(hosts);

    /// <summary>What was found of all that was asked for, once; null while there is nothing new.</summary>
    public IReadOnlyList<ProofFinding>? Take() => Interlocked.Exchange(ref _found, null);

    /// <summary>Looks until told to stop. <paramref name="ring"/> is called when there is something to take.</summary>
    public async Task RunAsync(Action ring, CancellationToken stop)
    {
        await foreach (var hosts in _asked.Reader.ReadAllAsync(stop))
        {
            var found = await proofs.FindAsync(hosts, stop);
            Interlocked.Exchange(ref _found, found);
            ring();
        }
    }
}
