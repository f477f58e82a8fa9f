using Gateway.Transport.Yamux;
using Xunit;

namespace Gateway.UnitTests.Transport.Yamux;

public sealed class ByteRingTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void It_is_a_queue_of_bytes(int seed)
    {
        var random = new Random(seed);
        var ring = new ByteRing();
        var model = new Queue<byte>();
        for (var step = 0; step < 2_000; step++)
        {
            var bytes = new byte[random.Next(0, 9_000)];
            if (random.Next(2) == 0)
            {
                random.NextBytes(bytes);
                ring.Write(bytes);
                foreach (var b in bytes) model.Enqueue(b);
            }
            else
            {
                var read = ring.Read(bytes);
                Assert.Equal(Math.Min(bytes.Length, model.Count), read);
                for (var i = 0; i < read; i++) Assert.Equal(model.Dequeue(), bytes[i]);
            }
            Assert.Equal(model.Count, ring.Count);
        }
    }

    [Fact]
    public void Cleared_it_is_empty()
    {
        var ring = new ByteRing();
        ring.Write(new byte[10_000]);
        ring.Clear();
        Assert.Equal(0, ring.Count);
        Assert.Equal(0, ring.Read(new byte[10]));
    }
}
