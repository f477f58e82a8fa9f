using System.Buffers.Binary;
using System.Text;
using Gateway.Model.Records;

namespace Gateway.UnitTests.Dns;

/// <summary>A query message, made octet by octet without help of the code under test.</summary>
internal sealed record Query
{
    private Query(string name, ushort type) => (Name, Type) = (name, type);

    public string Name { get; init; }

    public ushort Type { get; init; }

    public ushort Class { get; init; } = 1;

    public ushort Flags { get; init; } = 0x0100;

    public int Questions { get; init; } = 1;

    /// <summary>Records after the question, with how many stand in each section.</summary>
    public (byte[] Octets, int Answers, int Authorities, int Additional) Rest { get; init; } = ([], 0, 0, 0);

    /// <summary>As in <c>www.example. AAAA</c>; a number is a type by its number.</summary>
    public static Query Of(string question)
    {
        var parts = question.Split(' ');
        var type = ushort.TryParse(parts[1], out var number) ? number : (ushort)Enum.Parse<RecordType>(parts[1], ignoreCase: true);
        return new Query(parts[0], type);
    }

    public Query WithOpt(int size = 1232, byte version = 0, bool dnssecOk = false, byte[]? options = null) =>
        this with { Rest = ([.. Rest.Octets, .. Opt(size, version, dnssecOk, options ?? [])], Rest.Answers, Rest.Authorities, Rest.Additional + 1) };

    public static byte[] Option(int code, params byte[] value) => [.. Big16(code), .. Big16(value.Length), .. value];

    public byte[] ToBytes() =>
    [
        .. Big16(0x1234), .. Big16(Flags), .. Big16(Questions), .. Big16(Rest.Answers), .. Big16(Rest.Authorities), .. Big16(Rest.Additional),
        .. Enumerable.Repeat<byte[]>([.. Wire(Name), .. Big16(Type), .. Big16(Class)], Questions).SelectMany(question => question),
        .. Rest.Octets,
    ];

    public static byte[] Wire(string name) =>
        [.. name.TrimEnd('.').Split('.', StringSplitOptions.RemoveEmptyEntries).SelectMany(label => new[] { (byte)label.Length }.Concat(Encoding.Latin1.GetBytes(label))), 0];

    public static byte[] Big16(int value)
    {
        var octets = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(octets, (ushort)value);
        return octets;
    }

    private static byte[] Opt(int size, byte version, bool dnssecOk, byte[] options) =>
        [0, .. Big16(41), .. Big16(size), 0, version, (byte)(dnssecOk ? 0x80 : 0), 0, .. Big16(options.Length), .. options];
}
