using System.Buffers.Binary;
using System.Text;

namespace Gateway.Store.Files;

/// <summary>A cursor over the body of a last-known-good file; after the first failure every read answers with nothing.</summary>
internal struct LastKnownGoodReader(ReadOnlyMemory<byte> body)
{
    private int _position;

    internal bool Ok { get; private set; } = true;

    internal readonly bool EndsHere => Ok && _position == body.Length;

    internal byte Byte() => Take(1) is { Length: 1 } bytes ? bytes.Span[0] : (byte)0;

    internal long Long() => Take(sizeof(long)) is { Length: sizeof(long) } bytes ? BinaryPrimitives.ReadInt64LittleEndian(bytes.Span) : 0;

    internal string Text() => Encoding.UTF8.GetString(Bytes().Span);

    internal string? OptionalText()
    {
        var length = Length();
        return length == -1 ? null : Encoding.UTF8.GetString(Take(length).Span);
    }

    internal ReadOnlyMemory<byte> Bytes() => Take(Length());

    private int Length() => Take(sizeof(int)) is { Length: sizeof(int) } bytes ? BinaryPrimitives.ReadInt32LittleEndian(bytes.Span) : 0;

    private ReadOnlyMemory<byte> Take(int length)
    {
        Ok = Ok && length >= 0 && length <= body.Length - _position;
        if (!Ok) return default;
        _position += length;
        return body.Slice(_position - length, length);
    }
}
