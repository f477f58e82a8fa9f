namespace Gateway.Cli.Expose;

/// <summary>
/// The tunnel client: holds a session to every gateway it was given, all at once, and carries the visitors that they send to the
/// local service. Speaks to servers of the old protocol too.
/// </summary>
internal sealed class TunnelClient(TunnelClientOptions options, TimeProvider time, ClientLog log, ClientHealth? health = null, VisitLog? visitors = null)
{
    /// <summary>Runs until told to stop; nothing that a gateway or a visitor does ends it.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var dialer = new Dialer(options.DialTimeout, time);
        var service = new LocalApplication(options, dialer, time, log, visitors);
        var telling = visitors?.RunAsync() ?? Task.CompletedTask;
        var visits = new Visits();
        var direct = new DirectConnections(service, options, visits, time);
        using var addresses = new LocalAddressWatch();
        foreach (var remote in options.Remotes) health?.Expect(options.Service, remote.At);
        await Task.WhenAll(options.Remotes.Select(remote => new RemoteLink(remote, options, dialer, service, direct, addresses, time, log, health).RunAsync(stop)));
        await visits.DrainAsync(options.Drain, time);
        visitors?.Close();
        // Whoever reads the lines may have stopped to.
        await Task.WhenAny(telling, Task.Delay(options.Drain, time, CancellationToken.None));
    }
}
