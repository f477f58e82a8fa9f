using Gateway.Model;

namespace Gateway.Dns.Wire;

/// <summary>A cursor over a message. The first overrun or malformed name sticks: later reads give zeros, and the caller looks at <see cref="Ok"/> once.</summary>
internal ref struct MessageReader(ReadOnlySpan<byte> message, int position)
{
    private readonly ReadOnlySpan<byte> _message = message;

    /// <summary>False after a read that failed.</summary>
    public bool Ok { get; private set; } = position <= message.Length;

    /// <summary>Where the next read starts.</summary>
    public int Position { get; private set; } = position;

    /// <summary>Reads an unsigned 16-bit number.</summary>
    public ushort Read16() => Has(2) ? Octets.Read16(_message, Advance(2)) : (ushort)0;

    /// <summary>Reads an unsigned 32-bit number.</summary>
    public uint Read32() => Has(4) ? Octets.Read32(_message, Advance(4)) : 0;

    /// <summary>Reads so many octets.</summary>
    public ReadOnlySpan<byte> ReadOctets(int count) => Has(count) ? _message.Slice(Advance(count), count) : default;

    /// <summary>Passes over a name without pointers and returns its length, root octet included; 0 when there is none.</summary>
    public int SkipPlainName()
    {
        var start = Position;
        while (Has(1) && _message[Position] is var length and not 0)
        {
            if (length > DomainName.MaxLabelLength || Position + length + 1 - start >= DomainName.MaxLength) return Fail();
            Position += length + 1;
        }

        if (!Ok) return 0;
        Position++;
        return Position - start;
    }

    /// <summary>Passes over a name that may end in a pointer. The pointer is not followed, so it cannot loop.</summary>
    public void SkipName()
    {
        while (Has(1) && _message[Position] is var length and not 0)
        {
            if (length >= 0xC0)
            {
                ReadOctets(2);
                return;
            }

            if (length > DomainName.MaxLabelLength)
            {
                Fail();
                return;
            }

            ReadOctets(length + 1);
        }

        ReadOctets(1);
    }

    /// <summary>Passes over a whole record.</summary>
    public void SkipRecord()
    {
        SkipName();
        ReadOctets(8);
        ReadOctets(Read16());
    }

    private bool Has(int count) => Ok = Ok && _message.Length - Position >= count;

    private int Advance(int count)
    {
        var at = Position;
        Position += count;
        return at;
    }

    private int Fail()
    {
        Ok = false;
        return 0;
    }
}
