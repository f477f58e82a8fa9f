using Gateway.Dns.Notify;
using Gateway.Dns.Tsig;
using Gateway.Dns.Zones;
using Gateway.Model;

namespace Gateway.Fuzz;

/// <summary>Well-formed messages of every kind that we know, as octets.</summary>
internal static class SampleMessages
{
    private static readonly DomainName KeyName = DomainName.Parse("k");

    /// <summary>A key that the samples are signed with.</summary>
    public static TsigKeys Keys { get; } = MakeKeys();

    /// <summary>The messages.</summary>
    public static IReadOnlyList<byte[]> All { get; } =
    [
        Query("www.example", 1),
        Query("wWw.eXample", 28, Opt(1_232, 0)),
        Query("x.wild.example", 15, Opt(4_096, 0x8000, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8)),
        Query("www.example", 65, Opt(512, 0, [0, 10, 0, 24, .. new byte[24], 0, 3, 0, 0])),
        Query("loop.example", 1, Opt(1_232, 0, 0, 8, 0, 8, 0, 1, 24, 0, 192, 0, 2, 0)),
        Query("www.old.example", 16),
        Query("x.grow.example", 1),
        Query("host.sub.example", 43, Opt(1_232, 0x8000)),
        Query("ent.example", 255),
        Query("big.example", 16, Opt(1_232, 0)),
        Query("x.deep.example", 1),
        Query("elsewhere.test", 1, Opt(1_232, 0)),
        Query("example", 252),
        Increment(8, []),
        Increment(3, Opt(1_232, 0)),
        Signed(Query("www.example", 1)),
        Signed(Increment(7, [])),
        Update(),
        Notification(),
        Answer(),
    ];

    private static byte[] Query(string name, byte type, byte[]? opt = null) =>
        [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, (byte)(opt is null ? 0 : 1), .. DomainName.Parse(name).Wire, 0, type, 0, 1, .. opt ?? []];

    private static byte[] Opt(ushort size, ushort flags, params byte[] options) =>
        [0, 0, 41, (byte)(size >> 8), (byte)size, 0, 0, (byte)(flags >> 8), 0, (byte)(options.Length >> 8), (byte)options.Length, .. options];

    private static byte[] Increment(byte serial, byte[] opt) =>
        [0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 1, 0, (byte)(opt.Length > 0 ? 1 : 0), .. DomainName.Parse("example").Wire, 0, 251, 0, 1,
            0xC0, 12, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0, 0, 0, 0, serial, .. new byte[16], .. opt];

    private static byte[] Signed(byte[] message)
    {
        var room = new byte[512];
        message.CopyTo(room, 0);
        Keys.TryFind(KeyName, out var key);
        return room[..new OutgoingSignature(key!).Sign(room, message.Length, 1_000_000)];
    }

    private static byte[] Update() => [0x12, 0x34, 0x28, 0, 0, 1, 0, 0, 0, 1, 0, 0, .. DomainName.Parse("example").Wire, 0, 6, 0, 1, 0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1];

    private static byte[] Notification()
    {
        var room = new byte[NotifyMessage.Longest];
        var zone = new Zone(DomainName.Parse("example"), new ZoneDefaults(), 1);
        return room[..NotifyMessage.Write(room, 7, zone.Name, zone.Head)];
    }

    /// <summary>What an upstream says.</summary>
    private static byte[] Answer() =>
        [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 1, .. DomainName.Parse("www.other.test").Wire, 0, 1, 0, 1,
            0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, (byte)'a', 0xC0, 16, 0xC0, 44, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1, .. Opt(1_232, 0)];

    private static TsigKeys MakeKeys()
    {
        TsigAlgorithm.TryFind(DomainName.Parse("hmac-sha256"), out var algorithm);
        return new TsigKeys([new TsigKey(KeyName, algorithm!, new byte[32])]);
    }
}
