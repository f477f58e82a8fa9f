using System.Text;
using Gateway.Model;
using Xunit;

namespace Gateway.UnitTests.Model;

/// <summary>Which node holds which tunnel, as it stands in Redis: read back as it was written, and whatever else stands there hurts nobody.</summary>
public sealed class RedisSchemaTunnelsTests
{
    private static readonly string Tunnel = RedisSchema.TunnelId(new Secret("7:a-secret"));

    [Fact]
    public void What_a_node_says_is_read_back()
    {
        var said = new TunnelHolding("9Gv2", 12, [new HeldSession(3, "203.0.113.9:41706", "web-1", "2 over TLS", DateTimeOffset.FromUnixTimeSeconds(1763647200)), new HeldSession(4, "", "", "", DateTimeOffset.UnixEpoch)]);
        var read = Decode(RedisSchema.EncodeTunnel(said))!;
        Assert.Equal((said.Node, said.Fence), (read.Node, read.Fence));
        Assert.Equal(said.Sessions, read.Sessions);
        Assert.True(RedisSchema.TryReadTunnelKey(RedisSchema.TunnelKey(Tunnel, "9Gv2"), out var tunnel, out var node));
        Assert.Equal((Tunnel, "9Gv2"), (tunnel, node));
    }

    [Fact]
    public void The_example_of_the_page_is_read()
    {
        var example = Vectors.Document("docs/redis-schema.md").Split('\n').Single(line => line.Contains("\"sessions\":", StringComparison.Ordinal));
        var read = Decode(example.Trim())!;
        Assert.Equal((12, "web-1"), (read.Fence, Assert.Single(read.Sessions).Name));
    }

    [Theory]
    [InlineData("""{"node":"n","sessions":[],"more":{}}""", 0)]
    [InlineData("""{"fence":12,"node":"n","sessions":[{"id":3,"load":0.5}]}""", 1)]
    [InlineData("""{"fence":"12","node":7,"sessions":[{"id":-3,"client":[],"name":null,"protocol":2,"since":99999999999999999}]}""", 1)]
    [InlineData("""{"fence":12,"sessions":[7,{"id":3}]}""", 1)]
    [InlineData("{}", 0)]
    public void What_is_unknown_is_passed_over_and_what_is_missing_or_strange_is_empty(string value, int sessions) => Assert.Equal(sessions, Decode(value)!.Sessions.Count);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"fence\":12")]
    [InlineData("""{"sessions":7}""")]
    [InlineData("""{"node":"\ud800"}""")]
    [InlineData("""{"sessions":[{"name":"\ud800"}]}""")]
    public void What_is_no_holding_is_none(string value) => Assert.Null(Decode(value));

    [Theory]
    [InlineData("gateway:tunnel-fence")]
    [InlineData("gateway:tunnel:")]
    [InlineData("gateway:tunnel:0b7e")]
    [InlineData("gateway:tunnel::n")]
    [InlineData("gateway:tunnel:0b7e:")]
    public void Other_keys_are_nobodys_word(string key) => Assert.False(RedisSchema.TryReadTunnelKey(key, out _, out _));

    private static TunnelHolding? Decode(string value) => RedisSchema.TryDecodeTunnel(Encoding.UTF8.GetBytes(value), out var holding) ? holding : null;
}
