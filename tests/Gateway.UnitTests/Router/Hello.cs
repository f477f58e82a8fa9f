using System.Buffers.Binary;
using System.Text;

namespace Gateway.UnitTests.Router;

/// <summary>Builds ClientHellos of any shape, byte by byte from RFC 8446 section 4.1.2.</summary>
internal sealed class Hello
{
    private readonly List<byte> _extensions = [];

    public int SessionIdLength { get; init; } = 32;

    public byte RecordMinor { get; init; } = 1;

    public static byte[] For(string name) => new Hello().WithName(name).Record();

    public Hello WithName(string name) => WithExtension(0, NameList(name));

    public Hello WithExtension(ushort type, byte[] content)
    {
        Number(_extensions, type);
        Vector(_extensions, content);
        return this;
    }

    public static byte[] NameList(params string[] names)
    {
        var list = new List<byte>();
        foreach (var name in names)
        {
            list.Add(0);
            Vector(list, Encoding.Latin1.GetBytes(name));
        }

        var content = new List<byte>();
        Vector(content, [.. list]);
        return [.. content];
    }

    public byte[] Message()
    {
        var body = new List<byte> { 3, 3 };
        body.AddRange(Enumerable.Range(0, 32).Select(i => (byte)i));
        body.Add((byte)SessionIdLength);
        body.AddRange(new byte[SessionIdLength]);
        Vector(body, [0x1a, 0x1a, 0x13, 0x01, 0x13, 0x02]);
        body.AddRange([1, 0]);
        if (_extensions.Count > 0) Vector(body, [.. _extensions]);
        return [1, (byte)(body.Count >> 16), (byte)(body.Count >> 8), (byte)body.Count, .. body];
    }

    public byte[] Record(int fragment = 1 << 14)
    {
        var wire = new List<byte>();
        foreach (var part in Message().Chunk(fragment))
        {
            wire.AddRange([22, 3, RecordMinor]);
            Vector(wire, part);
        }

        return [.. wire];
    }

    private static void Number(List<byte> to, ushort value)
    {
        Span<byte> two = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(two, value);
        to.AddRange(two);
    }

    private static void Vector(List<byte> to, byte[] content)
    {
        Number(to, (ushort)content.Length);
        to.AddRange(content);
    }
}
