using System.Net;
using Gateway.Transport;
using Gateway.Transport.Yamux;
using Gateway.Transport.Yamux.Frames;
using Xunit;

namespace Gateway.UnitTests.Transport.Yamux;

/// <summary>
/// What the protocol allows one side to send, kept by watching both sides' frames as they are written. Any frame that breaks a
/// rule is noted as a breach.
/// </summary>
internal sealed class CreditModel
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(bool Left, uint Stream), long> _credit = [];
    private readonly HashSet<(bool Left, uint Stream)> _ended = [];
    private readonly HashSet<(bool Left, uint Stream)> _reset = [];
    private readonly HashSet<uint> _opened = [];

    public List<string> Breaches { get; } = [];

    public long DataBytes { get; private set; }

    /// <summary>The carrier, watched.</summary>
    public Duplex Watch(Duplex carrier, bool left) => new Tap(this, carrier, left);

    private void Sent(bool left, FrameHeader frame)
    {
        if (frame.Stream == 0) return;
        lock (_gate)
        {
            var us = (left, frame.Stream);
            if (frame.Has(FrameFlags.Syn) && !_opened.Add(frame.Stream)) Breaches.Add($"{frame}: opened twice");
            if (frame.Has(FrameFlags.Syn) && frame.Stream % 2 != (left ? 1 : 0)) Breaches.Add($"{frame}: not ours to open");
            if (!_opened.Contains(frame.Stream)) Breaches.Add($"{frame}: before its opening");
            if (_reset.Contains(us)) Breaches.Add($"{frame}: after our reset");
            if (frame.Has(FrameFlags.Fin) && !_ended.Add(us)) Breaches.Add($"{frame}: a second end");
            if (frame.Has(FrameFlags.Rst)) _reset.Add(us);
            if (frame.Kind == FrameKind.WindowUpdate) Credit(!left, frame.Stream, frame.Length);
            else SentData(us, frame);
        }
    }

    private void SentData((bool Left, uint Stream) us, FrameHeader frame)
    {
        DataBytes += frame.Length;
        if (frame.Length > 0 && !frame.Has(FrameFlags.Fin) && _ended.Contains(us)) Breaches.Add($"{frame}: data after our end");
        if (Credit(us.Left, us.Stream, -frame.Length) < 0) Breaches.Add($"{frame}: more than the credit");
    }

    private long Credit(bool left, uint stream, long change) =>
        _credit[(left, stream)] = _credit.GetValueOrDefault((left, stream), ReceiveWindow.Initial) + change;

    private sealed class Tap(CreditModel model, Duplex carrier, bool left) : Duplex
    {
        private byte[] _kept = [];
        private uint _payloadLeft;

        public override EndPoint? Remote => carrier.Remote;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken stop) => carrier.ReadAsync(buffer, stop);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
        {
            Look([.. _kept, .. bytes.Span]);
            return carrier.WriteAsync(bytes, stop);
        }

        public override ValueTask EndAsync(CancellationToken stop) => carrier.EndAsync(stop);

        public override void Reset() => carrier.Reset();

        public override ValueTask DisposeAsync() => carrier.DisposeAsync();

        private void Look(byte[] bytes)
        {
            var reader = new FrameReader(bytes, _payloadLeft);
            while (true)
            {
                if (reader.PayloadLeft > 0 && !reader.ReadPayload().IsEmpty) continue;
                if (!reader.TryReadHeader(out var header)) break;
                model.Sent(left, header);
            }
            Assert.Equal(FrameFault.None, reader.Fault);
            (_payloadLeft, _kept) = (reader.PayloadLeft, bytes[reader.Position..]);
        }
    }
}
