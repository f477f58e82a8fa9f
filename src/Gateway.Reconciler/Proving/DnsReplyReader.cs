using System.Buffers.Binary;
using Gateway.Model;

namespace Gateway.Reconciler.Proving;

/// <summary>A cursor over a DNS message; after the first failure every read answers with nothing.</summary>
internal ref struct DnsReplyReader(ReadOnlySpan<byte> message, int position)
{
    /* A name of 255 octets has at most 127 labels, and so many pointers are more than any server writes. */
    private const int MaxSteps = 128;

    private readonly ReadOnlySpan<byte> _message = message;

    public int Position { get; set; } = position;

    public bool Ok { get; private set; } = true;

    public ushort Number()
    {
        Skip(2);
        return Ok ? BinaryPrimitives.ReadUInt16BigEndian(_message[(Position - 2)..]) : (ushort)0;
    }

    public void Skip(int octets)
    {
        Ok = Ok && octets <= _message.Length - Position;
        if (Ok) Position += octets;
    }

    public void SkipName()
    {
        while (Ok && Position < _message.Length)
        {
            var length = _message[Position];
            if (length == 0)
            {
                Position++;
                return;
            }

            // RFC 1035 section 4.1.4: a pointer ends the name.
            if ((length & 0xC0) == 0xC0)
            {
                Skip(2);
                return;
            }

            Ok = (length & 0xC0) == 0;
            Skip(length + 1);
        }

        Ok = false;
    }

    /// <summary>The name at the cursor, its pointers followed; null when it is none. The cursor does not move.</summary>
    public readonly DomainName? Name()
    {
        Span<byte> wire = stackalloc byte[DomainName.MaxLength];
        var (at, written) = (Position, 0);
        for (var step = 0; step < MaxSteps && at < _message.Length; step++)
        {
            var length = _message[at];
            if ((length & 0xC0) == 0xC0)
            {
                if (at + 1 >= _message.Length) return null;
                at = ((length & 0x3F) << 8) | _message[at + 1];
                continue;
            }

            if ((length & 0xC0) != 0 || at + length >= _message.Length || written + length + 1 > wire.Length) return null;
            _message.Slice(at, length + 1).CopyTo(wire[written..]);
            written += length + 1;
            at += length + 1;
            if (length == 0) return DomainName.TryFromWire(wire[..written], out var name) ? name : null;
        }

        return null;
    }
}
