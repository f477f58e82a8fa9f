using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Gateway.Dns.Forwarding;

/// <summary>
/// Asks resolvers about names of others, for the operator's own clients alone. Queries are handed over and never waited for; a fixed
/// number of workers takes them, each with one query in flight. It owns the workers, and <see cref="RunAsync"/> ends them.
/// </summary>
internal sealed partial class Forwarder
{
    /// <summary>One resolver, and one retry with the next.</summary>
    private const int Attempts = 2;

    private readonly IReadOnlyList<IPEndPoint> _upstreams;
    private readonly Networks _clients;
    private readonly Networks _askers;
    private readonly TimeSpan _timeout;
    private readonly int _atOnce;
    private readonly int _udpSize;
    private readonly Responder _responder;
    private readonly Func<bool> _knowsZones;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Channel<ForwardedQuery> _queue;
    private int _preferred;
    private long _answered;
    private long _failed;
    private long _refused;

    /// <param name="options">Whom to ask, and for whom.</param>
    /// <param name="responder">Writes the responses.</param>
    /// <param name="knowsZones">False while it is not known which names are our own.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where defects are told.</param>
    public Forwarder(DnsOptions options, Responder responder, Func<bool> knowsZones, TimeProvider time, ILogger log)
    {
        (_responder, _knowsZones, _time, _log) = (responder, knowsZones, time, log);
        (_upstreams, _timeout, _atOnce, _udpSize) = (options.ForwardTo, options.ForwardTimeout, options.ForwardAtOnce, options.UdpSize);
        _clients = new Networks(options.ForwardClients);
        _askers = new Networks(_upstreams.Select(to => new IPNetwork(to.Address, to.Address.GetAddressBytes().Length * 8)));
        _queue = Channel.CreateBounded<ForwardedQuery>(_atOnce);
    }

    /// <summary>The longest time from handing a query over to its response: a turn of those before it, and its own.</summary>
    public TimeSpan Patience => 2 * Attempts * _timeout;

    /// <summary>Forwarded queries that were answered.</summary>
    public long Answered => Volatile.Read(ref _answered);

    /// <summary>Forwarded queries that no upstream answered in time.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Queries that were not forwarded because too many were in flight.</summary>
    public long Overflowed => Volatile.Read(ref _refused);

    /// <summary>True for a client whose queries are forwarded. What comes from an upstream never is: that would be a loop.</summary>
    /// <param name="address">4 or 16 octets.</param>
    public bool Serves(ReadOnlySpan<byte> address) => _clients.Contains(address) && !_askers.Contains(address) && _knowsZones();

    /// <summary>Takes a query over; never waits. False when too many wait already.</summary>
    public bool TryTake(ReadOnlySpan<byte> message, ReadOnlySpan<byte> client, bool overTcp, ForwardedReply reply)
    {
        if (_queue.Writer.TryWrite(new ForwardedQuery(message.ToArray(), client.ToArray(), overTcp, _time.GetTimestamp(), reply))) return true;
        Interlocked.Increment(ref _refused);
        return false;
    }

    /// <summary>Works until told to stop.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, _atOnce).Select(_ => WorkAsync(stop)));

    private async Task WorkAsync(CancellationToken stop)
    {
        try
        {
            await foreach (var query in _queue.Reader.ReadAllAsync(stop)) await ServeAsync(query, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // As told; who still waits asks somebody else.
        }
    }

    private async Task ServeAsync(ForwardedQuery query, CancellationToken stop)
    {
        try
        {
            // Who waited for so long has asked again, or is gone.
            var answer = _time.GetElapsedTime(query.Since) < Attempts * _timeout ? await AskAsync(query, stop) : null;
            Interlocked.Increment(ref answer is null ? ref _failed : ref _answered);
            Reply(query, answer);
        }
#pragma warning disable CA1031 // The boundary of one query: a defect in forwarding it must not end the others.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            ForwardDefect(_log, Convert.ToHexString(query.Message), e);
        }
    }

    private async Task<Exchange?> AskAsync(ForwardedQuery query, CancellationToken stop)
    {
        // The one that answered last is asked first: a dead resolver costs its time once, not for each query.
        var first = Volatile.Read(ref _preferred);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var upstream = (first + attempt) % _upstreams.Count;
            if (await AskAsync(_upstreams[upstream], query, stop) is not { } exchange) continue;
            if (attempt > 0) Volatile.Write(ref _preferred, upstream);
            return exchange;
        }

        return null;
    }

    private async Task<Exchange?> AskAsync(IPEndPoint upstream, ForwardedQuery query, CancellationToken stop)
    {
        var message = new byte[UpstreamQuery.Longest];
        var id = (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
        var asked = message.AsMemory(0, UpstreamQuery.Write(message, query.Message, id, _udpSize));
        if (asked.IsEmpty) return null;
        using var deadline = new CancellationTokenSource(_timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            var answer = query.OverTcp ? await Upstream.AskByTcpAsync(upstream, asked, either.Token) : await Upstream.AskByUdpAsync(upstream, asked, either.Token);
            return answer is null ? null : new Exchange(id, asked, answer);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // The deadline.
            return null;
        }
    }

    private void Reply(ForwardedQuery query, Exchange? exchange)
    {
        var response = ArrayPool<byte>.Shared.Rent(query.OverTcp ? Responder.LongestMessage : _udpSize);
        var client = new Client(query.Client, query.OverTcp, (uint)_time.GetUtcNow().ToUnixTimeSeconds(), recursionAvailable: true);
        var length = exchange is not null && UpstreamAnswer.TryRead(exchange.Answer, exchange.Id, UpstreamQuery.Question(exchange.Query.Span), out var answer)
            ? _responder.Relay(query.Message, answer, response, client)
            : _responder.Fail(query.Message, response, client);
        if (length > 0) query.Reply(response.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(response);
    }

    private sealed record Exchange(ushort Id, ReadOnlyMemory<byte> Query, byte[] Answer);

    [LoggerMessage(2301, LogLevel.Error, "A defect: the query {Query} could not be forwarded")]
    private static partial void ForwardDefect(ILogger log, string query, Exception e);
}
