using Gateway.Store;

namespace Gateway.Dns;

/// <summary>What becomes of zones and names that a look found missing in Redis.</summary>
public sealed partial class ZoneFeed
{
    /// <inheritdoc/>
    public bool IsHolding => Guard.Held > 0;

    /// <summary>Keeps names and zones that vanish all at once.</summary>
    public ShrinkGuard Guard { get; }

    /// <summary>Takes away what is missing and may go, and moves the serials of everything that was touched.</summary>
    private async Task FinishAsync(ZoneLook look, GuardedLook covers, CancellationToken stop)
    {
        var departures = await Guard.JudgeAsync(covers, look.Missing, CountEntries, look.Kept, stop);
        // Before anything is taken away: it counts the names of zones that go.
        var kept = look.Missing == 0 ? 0 : look.Kept(departures);
        foreach (var zone in look.Leaving(departures).ToList()) RemoveZone(zone.Name);
        foreach (var (zone, name, mayGo) in look.Names(departures))
        {
            look.Touch(zone.Name);
            if (mayGo) zone.Remove(name);
            else zone.Keep(name);
        }

        Guard.End(covers, kept);
        await PublishSerialsAsync(look.Touched, stop);
    }

    private int CountEntries() => Zones.Zones.Sum(ZoneLook.SizeOf);
}
