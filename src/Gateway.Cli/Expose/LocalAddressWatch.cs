using System.Net;
using System.Net.NetworkInformation;

namespace Gateway.Cli.Expose;

/// <summary>
/// Notices at once when an address of this machine goes away. The kernel lets a connection from such an address hang until its timers
/// run out, a quarter of an hour later; whoever has one is called, and dials from the address that is there now.
/// </summary>
internal sealed class LocalAddressWatch : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<object, (IPAddress Address, Action Lost)> _watched = [];

    public LocalAddressWatch() => NetworkChange.NetworkAddressChanged += OnChange;

    /// <summary>Calls <paramref name="lost"/> when the local address is gone; disposing the result ends the watch.</summary>
    public IDisposable Watch(EndPoint? local, Action lost)
    {
        var watched = new Watched(this);
        if (local is IPEndPoint { Address: var address } && !IPAddress.IsLoopback(address))
            lock (_gate) _watched[watched] = (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, lost);
        return watched;
    }

    /// <inheritdoc/>
    public void Dispose() => NetworkChange.NetworkAddressChanged -= OnChange;

    private void OnChange(object? sender, EventArgs e)
    {
        HashSet<IPAddress> here;
        try
        {
            here = [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(card => card.GetIPProperties().UnicastAddresses).Select(entry => entry.Address)];
        }
        catch (NetworkInformationException)
        {
            // They change while they are read: the next event follows.
            return;
        }

        Action[] lost;
        lock (_gate) lost = [.. _watched.Values.Where(watched => !here.Contains(watched.Address)).Select(watched => watched.Lost)];
        foreach (var tell in lost) tell();
    }

    private sealed class Watched(LocalAddressWatch watch) : IDisposable
    {
        public void Dispose()
        {
            lock (watch._gate) watch._watched.Remove(this);
        }
    }
}
