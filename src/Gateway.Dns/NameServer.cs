using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Gateway.Dns.Forwarding;
using Gateway.Dns.Notify;
using Gateway.Dns.Transfer;
using Gateway.Transport;
using Microsoft.Extensions.Logging;

namespace Gateway.Dns;

/// <summary>The name server: a UDP and a TCP server for each address, and the upkeep of the zones they serve.</summary>
public sealed class NameServer : IAsyncDisposable
{
    private readonly DnsOptions _options;
    private readonly ZoneFeed _feed;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Answering _answering;
    private readonly Cookies _cookies;
    private Notifier? _notifier;
    private readonly List<UdpServer> _udp = [];
    private readonly List<TcpServer> _tcp = [];

    /// <summary>Prepares; opens nothing before <see cref="Bind"/>.</summary>
    public NameServer(DnsOptions options, ZoneFeed feed, TimeProvider time, ILoggerFactory logs)
    {
        (_options, _feed, _time) = (options, feed, time);
        _log = logs.CreateLogger<NameServer>();
        var transfers = options.TransferPolicy.IsClosed ? null : new Transfers(options.TransferPolicy, options.TransfersAtOnce);
        _cookies = new Cookies(Octets(options.CookieSecret) ?? RandomNumberGenerator.GetBytes(Cookies.SecretLength), Octets(options.PreviousCookieSecret));
        var responder = new Responder(new ResponderOptions
        {
            Transfers = transfers,
            UdpSize = options.UdpSize,
            RequiresCookies = options.RequireCookies,
            Nsid = Encoding.UTF8.GetBytes(options.Nsid),
            Keys = options.Keys,
            Cookies = _cookies,
        });
        _answering = new Answering(responder, feed.Zones, feed.Metrics, time)
        {
            Limit = options.RateLimit > 0 ? new RateLimit(options.RateLimit, options.RateLimitSlip, options.RateLimitExempt) : null,
            Transfers = transfers,
            Forwarder = options.ForwardTo.Count > 0 ? new Forwarder(options, responder, () => feed.IsLoaded, time, _log) : null,
            Log = options.QueryLog ? new QueryLog(_log) : null,
        };
        feed.Metrics.ObserveZones(feed.Zones);
        if (transfers is not null) Observe(transfers);
        if (_answering.Forwarder is { } forwarder) Observe(forwarder);
    }

    internal Transfers? Transfers => _answering.Transfers;

    /// <summary>Makes cookies with a new secret; those given before are still accepted. False when the operator set the secret himself.</summary>
    public bool TryRotateCookies()
    {
        if (!_options.CookieSecret.IsEmpty) return false;
        _cookies.Rotate(RandomNumberGenerator.GetBytes(Cookies.SecretLength));
        return true;
    }

    /// <summary>Where queries are answered; a port of 0 in the options shows the one that was given.</summary>
    public IReadOnlyList<IPEndPoint> Bound => _tcp.ConvertAll(server => server.Bound!);

    /// <summary>Opens all sockets that were not passed. Returns what is wrong, everything at once; empty when all is bound.</summary>
    public IReadOnlyList<string> Bind(PassedSockets? passed = null)
    {
        var faults = new List<string>();
        if (!TryClaim(passed ?? PassedSockets.None, faults))
            foreach (var endpoint in _options.Listen)
                if (!TryBind(endpoint, out var fault)) faults.Add(fault);
        foreach (var upstream in OwnAddresses.Among(_options.ForwardTo, Bound))
            faults.Add($"forwardTo: {upstream} is this very server; name the resolvers that it shall ask.");
        if (_options.NotifyTargets is { Count: > 0 } targets) Notify(targets);
        return faults;
    }

    /// <summary>Answers until told to stop; ends within a second.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        // Even when one part fails at once, the others are awaited before their sockets are closed.
        var parts = _udp.ConvertAll(server => server.RunAsync(stop));
        parts.AddRange(_tcp.ConvertAll(server => server.RunAsync(stop)));
        parts.Add(_feed.MaintainAsync(stop));
        if (_answering.Forwarder is { } forwarder) parts.Add(forwarder.RunAsync(stop));
        if (_notifier is not null) parts.Add(_notifier.RunAsync(stop));
        await Task.WhenAll(parts);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        foreach (var server in _udp) server.Dispose();
        foreach (var server in _tcp) server.Dispose();
        _notifier?.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Observe(Transfers transfers)
    {
        _feed.Metrics.Observe("gateway_dns_transfers_running", "Zone transfers that run now", () => transfers.Running);
        _feed.Metrics.ObserveCounter("gateway_dns_transfers_whole_total", "Whole zones transferred (AXFR, or IXFR too far behind)", () => transfers.Whole);
        _feed.Metrics.ObserveCounter("gateway_dns_transfers_incremental_total", "Incremental transfers (IXFR)", () => transfers.Incremental);
    }

    private void Observe(Forwarder forwarder)
    {
        _feed.Metrics.ObserveCounter("gateway_dns_forwards_answered_total", "Forwarded queries that an upstream answered", () => forwarder.Answered);
        _feed.Metrics.ObserveCounter("gateway_dns_forwards_failed_total", "Forwarded queries that no upstream answered in time", () => forwarder.Failed);
        _feed.Metrics.ObserveCounter("gateway_dns_forwards_overflowed_total", "Queries not forwarded, for too many were in flight", () => forwarder.Overflowed);
    }

    private void Notify(IReadOnlyList<NotifyTarget> targets)
    {
        var notifier = _feed.Notifier = _notifier = new Notifier(targets, _time, _log);
        _feed.Metrics.ObserveCounter("gateway_dns_notifications_sent_total", "Notifications to secondaries, repetitions included", () => notifier.Sent);
        _feed.Metrics.ObserveCounter("gateway_dns_notifications_answered_total", "Notifications that were answered", () => notifier.Answered);
        _feed.Metrics.ObserveCounter("gateway_dns_notifications_given_up_total", "Notifications that were never answered", () => notifier.GivenUp);
    }

    /// <summary>Takes the sockets named dns; false when none were passed.</summary>
    private bool TryClaim(PassedSockets passed, List<string> faults)
    {
        var (streams, datagrams) = (passed.Claim("dns", SocketType.Stream), passed.Claim("dns", SocketType.Dgram));
        foreach (var listener in streams)
        {
            _tcp.Add(NewTcp());
            _tcp[^1].Take(listener);
        }

        foreach (var socket in datagrams)
        {
            _udp.Add(NewUdp());
            _udp[^1].Take(socket, Threads);
        }

        // RFC 7766 section 5: a server answers by both.
        var alone = streams.Select(it => it.LocalEndPoint!).ToHashSet();
        alone.SymmetricExceptWith(datagrams.Select(it => it.LocalEndPoint!));
        foreach (var endpoint in alone)
            faults.Add($"dns: {endpoint} was passed for UDP or TCP only; pass it for both (ListenDatagram= and ListenStream=).");
        return streams.Count + datagrams.Count > 0;
    }

    private int Threads => _options.UdpThreads > 0 ? _options.UdpThreads : Environment.ProcessorCount;

    private TcpServer NewTcp() => new(_answering, new TcpLimits(_options.TcpConnections, _options.TcpConnectionsPerClient, _options.TcpIdle, _options.TcpStall), _log);

    private UdpServer NewUdp() => new(_answering, _options, _log);

    private bool TryBind(IPEndPoint endpoint, out string fault)
    {
        // TCP first: with SO_REUSEPORT a second server would share our UDP port without a word.
        var tcp = NewTcp();
        _tcp.Add(tcp);
        if (!tcp.TryBind(endpoint, out fault))
        {
            _tcp.Remove(tcp);
            return false;
        }

        var udp = NewUdp();
        _udp.Add(udp);
        return udp.TryBind(tcp.Bound!, Threads, out fault);
    }

    private static byte[]? Octets(Model.Secret secret) => secret.IsEmpty ? null : Convert.FromHexString(secret.Reveal());
}
