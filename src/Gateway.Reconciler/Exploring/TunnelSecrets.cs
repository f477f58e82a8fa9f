using System.Collections.Concurrent;
using Gateway.Model.Crypto;
using Gateway.Model.Reservations;
using Gateway.Reconciler.Planning;

namespace Gateway.Reconciler.Exploring;

/// <summary>Decrypts what users encrypted for this gateway (the provisioning contract, section 2.8), and checks its form.</summary>
internal sealed class TunnelSecrets(Identity gateway, UserKeys keys)
{
    /// <summary>Requests for keys at once.</summary>
    private const int AtOnce = 16;

    /// <summary>The secrets of these reservations, those that are tunnels, by reservation id.</summary>
    public async Task<IReadOnlyDictionary<string, SecretState>> ReadAsync(IEnumerable<LiveReservation> reservations, CancellationToken stop)
    {
        var secrets = new ConcurrentDictionary<string, SecretState>();
        var tunnels = reservations.Select(it => it.Content).OfType<Reservation.ReverseProxy>();
        var bounds = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop };
        await Parallel.ForEachAsync(tunnels, bounds, async (it, end) => secrets[it.Id] = await ReadAsync(it, end));
        return secrets;
    }

    private async Task<SecretState> ReadAsync(Reservation.ReverseProxy it, CancellationToken stop)
    {
        if (!SealedSecret.IsPlausible(it.EncryptedSecret, it.Version, out var fault)) return new SecretState.Unreadable(fault);
        if (it.Version <= 0) return Open(it, sender: null);
        return await keys.FindAsync(it.User, stop) switch
        {
            UserKey.Known known => Open(it, known.Key),
            UserKey.Missing missing => new SecretState.Unreadable(missing.Reason),
            UserKey.Unavailable unavailable => new SecretState.Unavailable(unavailable.Reason),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    private SecretState Open(Reservation.ReverseProxy it, PublicKey? sender)
    {
        var isOpen = SealedSecret.TryDecrypt(it.EncryptedSecret, it.Version, gateway, sender, out var secret, out var fault)
            && SealedSecret.IsWellFormed(secret, it.User, out fault);
        return isOpen ? new SecretState.Known(secret) : new SecretState.Unreadable(fault);
    }
}
