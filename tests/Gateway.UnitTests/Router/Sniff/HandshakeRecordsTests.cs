using Gateway.Model;
using Gateway.Router.Sniff;
using Xunit;

namespace Gateway.UnitTests.Router.Sniff;

/// <summary>Helloes that come in pieces, and whose records are packed between any two of them.</summary>
[Trait("adv", "H5")]
public sealed class HandshakeRecordsTests
{
    private const string Name = "shop.example.org";

    [Fact]
    public void A_hello_in_records_of_a_byte_each_takes_twice_its_size()
    {
        var hello = new Hello().WithExtension(51, new byte[60 * 1024]).WithName(Name);
        var wire = hello.Record(1);
        var records = new HandshakeRecords();
        Assert.Equal(SniffResult.Found, records.Advance(wire));
        byte[] bytes = [.. wire];
        var packed = records.Pack(bytes);
        Assert.InRange(packed, 1, (2 * hello.Message().Length) + 4);
        Assert.Equal(wire, Unpacked(records, bytes.AsSpan(0, packed)));
    }

    [Fact]
    public void Whatever_its_records_are_a_hello_is_read_and_comes_out_as_it_came()
    {
        var random = new Random(20261121);
        for (var round = 0; round < 300; round++)
        {
            var wire = Wire(new Hello().WithExtension(51, new byte[random.Next(20_000)]).WithName(Name).Message(), random);
            var (records, bytes, came) = (new HandshakeRecords(), Array.Empty<byte>(), 0);
            var result = SniffResult.NeedMore;
            var host = default(DomainName);
            while (result == SniffResult.NeedMore && came < wire.Length)
            {
                var piece = Math.Min(wire.Length - came, random.Next(1, 4000));
                bytes = [.. bytes, .. wire.AsSpan(came, piece)];
                came += piece;
                result = ClientHello.TryReadServerName(bytes, ref records, out host);
                if (random.Next(3) > 0) continue;
                var saves = records.Savable;
                var packed = records.Pack(bytes);
                Assert.Equal(bytes.Length - saves, packed);
                bytes = bytes[..packed];
            }

            Assert.Equal(SniffResult.Found, result);
            Assert.Equal(Name, host.ToString());
            Assert.Equal(wire[..came], Unpacked(records, bytes));
        }
    }

    [Fact]
    public void The_longest_message_has_room_in_whatever_records()
    {
        var message = new byte[HandshakeRecords.MaxHandshake];
        (message[0], message[2], message[3]) = (ClientHello.MessageType, 0xFF, 0xFC);
        byte[] wire = [.. message.Index().SelectMany(it => (byte[])[22, 3, (byte)(it.Index % 2), 0, 1, it.Item])];
        var records = new HandshakeRecords();
        Assert.Equal(SniffResult.Found, records.Advance(wire));
        Assert.InRange(records.Pack(wire), 1, HandshakeRecords.MaxPacked - (1 << 14) - 1024);
    }

    private static byte[] Wire(byte[] message, Random random)
    {
        var wire = new List<byte>();
        int[] longest = [2, 130, 300, 16384];
        var bound = longest[random.Next(longest.Length)];
        for (var at = 0; at < message.Length;)
        {
            var length = Math.Min(message.Length - at, random.Next(1, bound + 1));
            wire.AddRange([22, 3, (byte)random.Next(3), (byte)(length >> 8), (byte)length]);
            wire.AddRange(message.AsSpan(at, length));
            at += length;
        }

        // Whatever follows stays as it is.
        return [.. wire, 20, 3, 3, 0, 1, 1];
    }

    private static byte[] Unpacked(HandshakeRecords records, ReadOnlySpan<byte> bytes)
    {
        var wire = new byte[bytes.Length + records.Saved];
        records.Unpack(bytes, wire);
        return wire;
    }
}
