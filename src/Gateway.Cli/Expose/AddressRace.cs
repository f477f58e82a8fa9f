using System.Net;

namespace Gateway.Cli.Expose;

/// <summary>
/// Dials the addresses of one name as RFC 8305 section 5 has it: the next one once the one before it has failed, or has not answered
/// for <see cref="Lead"/>. The first that connects wins; all others are closed before the race is over.
/// </summary>
/// <param name="dial">Dials one address; it ends with an <see cref="IOException"/> when that does not answer in time.</param>
/// <param name="time">Clock.</param>
internal sealed class AddressRace<TConnection>(Func<IPAddress, CancellationToken, Task<TConnection>> dial, TimeProvider time)
    where TConnection : IAsyncDisposable
{
    /// <summary>RFC 8305 section 8: the recommended delay between two attempts.</summary>
    public static readonly TimeSpan Lead = TimeSpan.FromMilliseconds(250);

    /* Addresses that are tried: more behind one name are a mistake. */
    private const int Most = 16;

    /// <summary>The connection of the winner.</summary>
    /// <exception cref="IOException">None connected; the message has each one's fault.</exception>
    public async Task<TConnection> RunAsync(IReadOnlyList<IPAddress> addresses, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var attempts = new List<Task<TConnection>>();
        try
        {
            return await RunAsync(new Queue<IPAddress>(Interleave(addresses).Take(Most)), attempts, over.Token);
        }
        finally
        {
            await over.CancelAsync();
            foreach (var attempt in attempts) await CloseAsync(attempt);
        }
    }

    // What is still among the attempts at the end has lost.
    private async Task<TConnection> RunAsync(Queue<IPAddress> waiting, List<Task<TConnection>> attempts, CancellationToken stop)
    {
        var faults = new List<IOException>();
        while (waiting.Count + attempts.Count > 0)
        {
            stop.ThrowIfCancellationRequested();
            if (!attempts.Exists(attempt => attempt.IsCompleted) && waiting.TryDequeue(out var address)) attempts.Add(dial(address, stop));
            if (await EndedAsync(attempts, waiting.Count > 0, stop) is not { } ended) continue;
            attempts.Remove(ended);
            try
            {
                return await ended;
            }
            catch (IOException e)
            {
                faults.Add(e);
            }
        }

        // In an order of their own, so that the same faults are the same line, whichever came first.
        throw faults is [var only] ? only : new IOException($"none of {faults.Count} addresses answers: {string.Join("; ", faults.Select(fault => fault.Message).Order(StringComparer.Ordinal))}");
    }

    /// <summary>An attempt that has ended; null: it is the next address's turn.</summary>
    private async Task<Task<TConnection>?> EndedAsync(List<Task<TConnection>> attempts, bool hasNext, CancellationToken stop)
    {
        if (attempts.Find(attempt => attempt.IsCompleted) is { } ended) return ended;
        if (!hasNext) return await Task.WhenAny(attempts);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var lead = Task.Delay(Lead, time, enough.Token);
        var first = await Task.WhenAny([.. attempts, lead]);
        await enough.CancelAsync();
        return first == lead ? null : (Task<TConnection>)first;
    }

    private static async Task CloseAsync(Task<TConnection> attempt)
    {
        try
        {
            await (await attempt).DisposeAsync();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // It lost already.
        }
    }

    // RFC 8305 section 4: the families take turns, each in the resolver's order, the first one's first.
    private static IEnumerable<IPAddress> Interleave(IEnumerable<IPAddress> addresses) => addresses
        .GroupBy(address => address.AddressFamily)
        .SelectMany((family, turn) => family.Select((address, round) => (Address: address, Round: round, Turn: turn)))
        .OrderBy(it => it.Round).ThenBy(it => it.Turn).Select(it => it.Address);
}
