using Gateway.Transport;

namespace Gateway.Router;

/// <summary>
/// Last words to a visitor. A socket that is closed with unread bytes sends a reset, which destroys words still on their way
/// (RFC 1122 section 4.2.2.13); so what the visitor still sends is read away first, for a short while.
/// </summary>
internal static class Farewell
{
    /// <summary>A visitor that does not hang up within this time has had its chance.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Nobody's mistake needs more than this to be read away.</summary>
    private const int MaxLeftover = 256 * 1024;

    /// <summary>Says it and ends our direction. Whatever the visitor does about it is no news.</summary>
    public static async ValueTask SayAsync(Duplex visitor, ReadOnlyMemory<byte> words, TimeProvider time, CancellationToken stop)
    {
        using var deadline = new Deadline(Patience, time, stop);
        try
        {
            await visitor.WriteAsync(words, deadline.Token);
            await visitor.EndAsync(deadline.Token);
            await ReadAwayAsync(visitor, deadline.Token);
        }
        catch (IOException)
        {
            // It left without listening.
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // It did not hang up; the caller closes.
        }
    }

    private static async ValueTask ReadAwayAsync(Duplex visitor, CancellationToken stop)
    {
        var scratch = new byte[4 * 1024];
        var leftover = 0;
        while (leftover < MaxLeftover)
        {
            var read = await visitor.ReadAsync(scratch, stop);
            if (read == 0) return;
            leftover += read;
        }
    }
}
