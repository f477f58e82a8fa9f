using Gateway.Model;
using Xunit;

namespace Gateway.UnitTests.Model;

public sealed class RedisSchemaExplorerTests
{
    [Fact]
    public void Pairs_sort_as_their_numbers_do()
    {
        long[] numbers = [0, 1, 9, 10, 99, 4321, long.MaxValue];
        var pairs = numbers.SelectMany(first => numbers.Select(second => RedisSchema.ExplorerPair(first, second))).ToList();
        Assert.Equal(pairs, pairs.Order(StringComparer.Ordinal));
        Assert.All(pairs, pair => Assert.True(RedisSchema.TryReadExplorerPair(pair, out _)));
        Assert.True(RedisSchema.TryReadExplorerPair(RedisSchema.ExplorerPair(7, 4321), out var second));
        Assert.Equal(4321, second);
    }

    [Theory]
    [InlineData("")]
    [InlineData("7:4321")]
    [InlineData("0000000000000000007:x00000000000000004321")]
    public void What_is_no_pair_is_refused(string text) => Assert.False(RedisSchema.TryReadExplorerPair(text, out _));

    [Fact]
    public void Keys_of_a_gateway_carry_its_identity() =>
        Assert.Equal(
            ["gateway:explorer:node:x:workloads", "gateway:explorer:node:x:queue", "gateway:explorer:node:x:doorbell"],
            [RedisSchema.ExplorerNodeWorkloadsKey("x"), RedisSchema.ExplorerNodeQueueKey("x"), RedisSchema.ExplorerDoorbellKey("x")]);
}
