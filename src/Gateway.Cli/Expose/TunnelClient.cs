namespace Gateway.Cli.Expose;

/// <summary>
/// The tunnel client: holds a session to every gateway it was given, all at once, and carries the visitors that they send to the
/// local service. Speaks to servers of the old protocol too.
/// </summary>
internal sealed class TunnelClient(TunnelClientOptions options, TimeProvider time, ClientLog log)
{
    /// <summary>Runs until told to stop; nothing that a gateway or a visitor does ends it.</summary>
    public Task RunAsync(CancellationToken stop)
    {
        var dialer = new Dialer(options.DialTimeout, time);
        var service = new LocalApplication(options, dialer, time, log);
        return Task.WhenAll(options.Remotes.Select(remote => new RemoteLink(remote, options, dialer, service, time, log).RunAsync(stop)));
    }
}
