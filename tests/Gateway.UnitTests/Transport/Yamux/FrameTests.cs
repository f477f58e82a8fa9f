using Gateway.Transport.Yamux.Frames;
using Xunit;

namespace Gateway.UnitTests.Transport.Yamux;

public sealed class FrameTests
{
    public static TheoryData<string> Recorded() => new(Vectors.Read("tunnel.json").GetProperty("frames").EnumerateArray().Select(frame => frame.GetRawText()));

    [Theory]
    [MemberData(nameof(Recorded))]
    public void A_header_is_written_as_recorded(string json)
    {
        using var vector = System.Text.Json.JsonDocument.Parse(json);
        var frame = vector.RootElement;
        var header = new FrameHeader((FrameKind)frame.GetProperty("type").GetByte(), (FrameFlags)frame.GetProperty("flags").GetUInt16(), frame.GetProperty("stream").GetUInt32(), frame.GetProperty("length").GetUInt32());
        var bytes = new byte[FrameHeader.Size];
        header.Write(bytes);
        Assert.Equal(frame.GetProperty("hex").GetString(), Convert.ToHexStringLower(bytes));
        var reader = new FrameReader(bytes, 0);
        Assert.True(reader.TryReadHeader(out var read));
        Assert.Equal(header, read);
    }

    [Theory]
    [InlineData("010000000000000100000000", nameof(FrameFault.Version))]
    [InlineData("000400000000000100000000", nameof(FrameFault.Kind))]
    [InlineData("000000000000000000000000", nameof(FrameFault.StreamId))]
    [InlineData("000100000000000000000000", nameof(FrameFault.StreamId))]
    [InlineData("000200010000000100000000", nameof(FrameFault.StreamId))]
    [InlineData("000300000000000100000000", nameof(FrameFault.StreamId))]
    public void A_broken_header_is_a_fault_that_stays(string hex, string fault)
    {
        var reader = new FrameReader([.. Convert.FromHexString(hex), .. new byte[24]], 0);
        Assert.False(reader.TryReadHeader(out _));
        Assert.Equal(fault, reader.Fault.ToString());
        Assert.False(reader.TryReadHeader(out _));
        Assert.True(reader.ReadPayload().IsEmpty);
        Assert.Equal(0, reader.Position);
    }

    [Fact]
    public void A_header_that_is_not_whole_needs_more()
    {
        for (var length = 0; length < FrameHeader.Size; length++)
        {
            var reader = new FrameReader(new byte[length], 0);
            Assert.False(reader.TryReadHeader(out _));
            Assert.Equal(FrameFault.None, reader.Fault);
            Assert.Equal(0, reader.Position);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(13)]
    [InlineData(1000)]
    public void Frames_read_the_same_however_they_are_cut(int piece)
    {
        var whole = Convert.FromHexString("000100010000000100000000" + "00000000000000010000000c11110008373a733363723374" + "000100040000000100000000");
        Assert.Equal(Read(whole, whole.Length), Read(whole, piece));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [Trait("adv", "T7")]
    public void Whatever_comes_is_read_without_a_throw(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 5_000; round++) Frames(Mutated(random), random);
    }

    private static byte[] Mutated(Random random)
    {
        var bytes = new byte[random.Next(0, 200)];
        random.NextBytes(bytes);
        if (random.Next(2) == 0) return bytes;
        // Nearly right: zero version, small kind, short length.
        for (var at = 0; at + FrameHeader.Size <= bytes.Length; at += FrameHeader.Size)
            (bytes[at], bytes[at + 1], bytes[at + 8], bytes[at + 9], bytes[at + 10]) = (0, (byte)random.Next(5), 0, 0, 0);
        return bytes;
    }

    private static void Frames(byte[] bytes, Random random)
    {
        var left = (uint)random.Next(3);
        var reader = new FrameReader(bytes, left);
        var steps = 0;
        while (true)
        {
            var before = reader.Position;
            if (reader.PayloadLeft > 0) reader.ReadPayload();
            else reader.TryReadHeader(out _);
            Assert.InRange(reader.Position, before, bytes.Length);
            if (reader.Position == before) return;
            Assert.True(++steps <= bytes.Length);
        }
    }

    private static string Read(byte[] bytes, int piece)
    {
        var story = new System.Text.StringBuilder();
        uint left = 0;
        byte[] kept = [];
        for (var at = 0; at < bytes.Length; at += piece)
        {
            byte[] shown = [.. kept, .. bytes.AsSpan(at, Math.Min(piece, bytes.Length - at))];
            var reader = new FrameReader(shown, left);
            while (true)
            {
                if (reader.PayloadLeft > 0 && reader.ReadPayload() is { IsEmpty: false } payload) story.Append(Convert.ToHexString(payload));
                else if (reader.TryReadHeader(out var header)) story.Append(header);
                else break;
            }
            (left, kept) = (reader.PayloadLeft, shown[reader.Position..]);
        }
        return story.ToString();
    }
}
