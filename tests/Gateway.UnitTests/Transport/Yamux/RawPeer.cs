using Gateway.Transport.Yamux;
using Gateway.Transport.Yamux.Frames;
using Xunit;

namespace Gateway.UnitTests.Transport.Yamux;

/// <summary>A session under test, and at the other end of its carrier a peer that writes frames by hand.</summary>
internal sealed class RawPeer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // By the real clock a starved machine must not look like a dead peer; tests of the deadlines bring a clock of their own.
    private static readonly YamuxOptions Patient = YamuxOptions.Default with { WriteTimeout = TimeSpan.FromMinutes(10), DeadAfter = TimeSpan.FromMinutes(10) };

    private readonly MemoryDuplex _wire;

    public RawPeer(YamuxRole role = YamuxRole.Server, YamuxOptions? options = null, TimeProvider? time = null, int capacity = 256 * 1024)
    {
        (_wire, var carrier) = MemoryDuplex.Pair(capacity: capacity);
        Carrier = carrier;
        Session = new YamuxSession(carrier, role, options ?? (time is null ? Patient : YamuxOptions.Default), time ?? TimeProvider.System);
        Running = Session.RunAsync(CancellationToken.None);
    }

    public YamuxSession Session { get; }

    public MemoryDuplex Carrier { get; }

    public Task<YamuxEnd> Running { get; }

    public Task SendAsync(FrameKind kind, FrameFlags flags, uint stream, uint length, byte[]? payload = null)
    {
        var frame = new byte[FrameHeader.Size + (payload?.Length ?? 0)];
        new FrameHeader(kind, flags, stream, length).Write(frame);
        payload?.CopyTo(frame, FrameHeader.Size);
        return SendAsync(frame);
    }

    public Task SendAsync(byte[] bytes) => _wire.WriteAsync(bytes, CancellationToken.None).AsTask().WaitAsync(Patience);

    /// <summary>Waits until the session has read everything that was sent.</summary>
    public Task HeardAsync() => UntilAsync(() => Carrier.Received == _wire.Sent);

    /// <summary>Waits for something that needs no clock but a turn of the session's loops.</summary>
    public async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!condition() && !Running.IsCompleted) await Task.Delay(1, deadline.Token);
    }

    public Task DataAsync(uint stream, byte[] payload, FrameFlags flags = FrameFlags.None) =>
        SendAsync(FrameKind.Data, flags, stream, (uint)payload.Length, payload);

    public Task SynAsync(uint stream) => SendAsync(FrameKind.WindowUpdate, FrameFlags.Syn, stream, 0);

    public ValueTask EndAsync() => _wire.EndAsync(CancellationToken.None);

    /// <summary>The next frame that is no ping of the session's own.</summary>
    public async Task<(FrameHeader Header, byte[] Payload)> NextAsync()
    {
        while (true)
        {
            var header = Header(await TakeAsync(FrameHeader.Size));
            var payload = header.Kind == FrameKind.Data ? await TakeAsync((int)header.Length) : [];
            if (header.Kind != FrameKind.Ping || !header.Has(FrameFlags.Syn)) return (header, payload);
        }
    }

    public async Task<FrameHeader> NextHeaderAsync() => (await NextAsync()).Header;

    public async Task<YamuxStream> AcceptedAsync()
    {
        var stream = await Session.AcceptAsync(CancellationToken.None).AsTask().WaitAsync(Patience);
        Assert.Equal(new FrameHeader(FrameKind.WindowUpdate, FrameFlags.Ack, stream!.Id, 0), await NextHeaderAsync());
        return stream;
    }

    public async Task<YamuxStream> OpenedAsync()
    {
        var stream = (await Session.OpenAsync(CancellationToken.None).AsTask().WaitAsync(Patience))!;
        Assert.Equal(new FrameHeader(FrameKind.WindowUpdate, FrameFlags.Syn, stream.Id, 0), await NextHeaderAsync());
        return stream;
    }

    public Task<YamuxEnd> EndedAsync() => Running.WaitAsync(Patience);

    public async Task ExpectProtocolErrorAsync(string phrase)
    {
        FrameHeader header;
        do header = await NextHeaderAsync();
        while (header.Kind != FrameKind.GoAway);
        Assert.Equal(1u, header.Length);
        Assert.Equal(new YamuxEnd(YamuxEndReason.PeerMisbehaved, phrase), await EndedAsync());
        Assert.True(Carrier.WasDisposed);
    }

    public async ValueTask DisposeAsync()
    {
        _wire.Reset();
        await Session.DisposeAsync();
        await Running.WaitAsync(Patience);
    }

    private static FrameHeader Header(byte[] bytes)
    {
        var reader = new FrameReader(bytes, 0);
        Assert.True(reader.TryReadHeader(out var header), $"the session sent {Convert.ToHexString(bytes)}");
        return header;
    }

    private async Task<byte[]> TakeAsync(int length)
    {
        var bytes = new byte[length];
        for (var at = 0; at < length;)
        {
            var read = await _wire.ReadAsync(bytes.AsMemory(at), CancellationToken.None).AsTask().WaitAsync(Patience);
            Assert.NotEqual(0, read);
            at += read;
        }
        return bytes;
    }
}
