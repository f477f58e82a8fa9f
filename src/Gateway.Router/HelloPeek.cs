using System.Buffers;
using System.Net;
using Gateway.Model;
using Gateway.Router.Sniff;
using Gateway.Transport;
using Gateway.Transport.ProxyProtocol;

namespace Gateway.Router;

/// <summary>
/// Reads a visitor's first bytes until they say which host it wants, and keeps them until they were replayed to the upstream, or
/// nobody wants them any more. Records are kept packed where that saves much.
/// </summary>
internal sealed class HelloPeek(SocketDuplex visitor, AddressBudget budget) : IDisposable
{
    /// <summary>What nearly every hello fits in, post-quantum keys included. It is not charged: the listener's limit bounds it.</summary>
    private const int FirstBuffer = 2 * 1024;

    /// <summary>Below this a buffer is replaced by one of four times the size, and then by one of twice.</summary>
    private const int LargeBuffer = 32 * 1024;

    /// <summary>The part of a buffer that has to be saved at once: what waits in it is moved each time.</summary>
    private const int WorthPacking = 32;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    private EndPoint? _payer;
    private long _charged;
    private int _start;
    private int _count;
    private HandshakeRecords _records;

    /// <summary>What the visitor has sent so far, without the header of a proxy in front of it; its records may be packed.</summary>
    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(_start, _count - _start);

    /// <summary>What the proxy in front says about the visitor; nothing when there is none.</summary>
    public ProxyHeader Proxied { get; private set; }

    /// <summary>The host it asked for, after Found.</summary>
    public DomainName Host { get; private set; }

    /// <summary>Reads the header that a trusted proxy must send first. False: it sent something else, or ended.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    public async ValueTask<bool> ReadProxyHeaderAsync(CancellationToken stop)
    {
        while (true)
        {
            var parse = ProxyHeader.TryRead(Bytes.Span, out var header, out var used);
            Proxied = header;
            _start += used;
            if (parse == ProxyParse.Found) return true;
            if (parse == ProxyParse.Malformed || await ReadMoreAsync(stop) <= 0) return false;
        }
    }

    /// <summary>Reads what is there already, which as a rule is all of it. False: nothing final can be said yet.</summary>
    public bool TryReadAtOnce(out SniffResult result)
    {
        result = SniffResult.NeedMore;
        if (!visitor.TryRead(_buffer.AsSpan(_count), out var read)) return false;
        _count += read;
        result = ClientHello.TryReadServerName(Bytes.Span, ref _records, out var host);
        Host = host;
        return result != SniffResult.NeedMore;
    }

    /// <summary>Reads until the result is final. NeedMore means that the visitor ended first.</summary>
    /// <exception cref="IOException">The visitor's connection broke.</exception>
    public async ValueTask<SniffResult> ReadAsync(CancellationToken stop)
    {
        while (true)
        {
            var result = ClientHello.TryReadServerName(Bytes.Span, ref _records, out var host);
            Host = host;
            if (result != SniffResult.NeedMore) return result;
            var read = await ReadMoreAsync(stop);
            if (read <= 0) return read < 0 ? SniffResult.Malformed : SniffResult.NeedMore;
        }
    }

    /// <summary>Everything as the visitor sent it, until this is disposed of. It is asked for once it can be sent: then it is not held any longer than that takes.</summary>
    public ReadOnlyMemory<byte> Replay()
    {
        if (_records.Saved == 0) return Bytes;
        var wire = ArrayPool<byte>.Shared.Rent(Bytes.Length + _records.Saved);
        _records.Unpack(Bytes.Span, wire);
        (var length, _records) = (Bytes.Length + _records.Saved, default);
        ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _start, _count) = (wire, 0, length);
        return Bytes;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        budget.Give(_payer, _charged);
        _charged = 0;
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _start, _count) = ([], 0, 0);
    }

    /// <summary>How many bytes came; 0: the visitor ended; -1: there is no room for more.</summary>
    private async ValueTask<int> ReadMoreAsync(CancellationToken stop)
    {
        if (_count == _buffer.Length && !TryPack() && !TryGrow()) return -1;
        var read = await visitor.ReadAsync(_buffer.AsMemory(_count), stop);
        _count += read;
        return read;
    }

    private bool TryPack()
    {
        if (_records.Savable < _buffer.Length / WorthPacking) return false;
        _count = _start + _records.Pack(_buffer.AsSpan(_start, _count - _start));
        return true;
    }

    private bool TryGrow()
    {
        var size = Math.Min(_buffer.Length * (_buffer.Length < LargeBuffer ? 4 : 2), HandshakeRecords.MaxPacked);
        // Behind a trusted proxy the visitor pays, not the proxy that brings them all.
        _payer ??= Proxied.Source ?? visitor.Remote;
        if (size <= _buffer.Length || !budget.TryTake(_payer, size - _charged)) return false;
        _charged = size;
        var larger = ArrayPool<byte>.Shared.Rent(size);
        _buffer.AsSpan(0, _count).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
        return true;
    }
}
