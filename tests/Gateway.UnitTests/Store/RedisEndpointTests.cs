using Gateway.Model;
using Gateway.Store;
using Xunit;

namespace Gateway.UnitTests.Store;

public sealed class RedisEndpointTests
{
    [Theory]
    [InlineData("redis://10.0.0.1:7000", "10.0.0.1", 7000, null, "", 0)]
    [InlineData("redis://redis.example", "redis.example", 6379, null, "", 0)]
    [InlineData("redis://redis.example/", "redis.example", 6379, null, "", 0)]
    [InlineData("REDIS://redis.example:1/15", "redis.example", 1, null, "", 15)]
    [InlineData("redis://alice:wonder%2Fland%40@redis:6379/2", "redis", 6379, "alice", "wonder/land@", 2)]
    [InlineData("redis://:word@redis", "redis", 6379, null, "word", 0)]
    [InlineData("redis://alice:a:b@redis", "redis", 6379, "alice", "a:b", 0)]
    [InlineData("redis://al%3Aice:w@redis", "redis", 6379, "al:ice", "w", 0)]
    [InlineData("redis://[::1]:6380", "::1", 6380, null, "", 0)]
    [InlineData("tcp://localhost:6379", "localhost", 6379, null, "", 0)]
    [InlineData("tcp://word@localhost:6379", "localhost", 6379, null, "word", 0)]
    [InlineData("tcp://a%3Ab@localhost", "localhost", 6379, null, "a:b", 0)]
    public void An_address_is_read_as_it_was_meant(string url, string host, int port, string? user, string password, int database)
    {
        Assert.True(RedisEndpoint.TryParse(url, out var endpoint, out var fault), fault);
        Assert.Equal(new RedisEndpoint(host, port, user, new Secret(password), database), endpoint);
        Assert.Null(fault);
    }

    [Theory]
    [InlineData("", "must begin with redis:// or tcp://")]
    [InlineData("localhost:6379", "must begin with redis:// or tcp://")]
    [InlineData("http://localhost", "must begin with redis:// or tcp://")]
    [InlineData("unix:///run/redis.sock", "over a Unix socket is not supported: let Redis listen on a loopback port")]
    [InlineData("rediss://localhost", "over TLS is not supported")]
    [InlineData("redis://", "percent-encoded")]
    [InlineData("redis://host:port", "percent-encoded")]
    [InlineData("redis://host:70000", "percent-encoded")]
    [InlineData("redis://:pass/word@host", "percent-encoded")]
    [InlineData("redis://host:0", "must be 1 to 65535")]
    [InlineData("redis://host/zone", "must be the number of a database")]
    [InlineData("redis://host/1/2", "must be the number of a database")]
    [InlineData("redis://host/-1", "must be the number of a database")]
    [InlineData("redis://host/0?timeout=3", "a part after ? or #")]
    [InlineData("redis://alice@host", "a user without a password")]
    [InlineData("tcp://alice:word@host", "takes only a password before the @")]
    public void What_cannot_be_meant_is_a_line_that_names_the_cure(string url, string fault)
    {
        Assert.False(RedisEndpoint.TryParse(url, out var endpoint, out var told));
        Assert.Null(endpoint);
        Assert.Contains(fault, told, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', told);
    }

    [Theory]
    [InlineData("redis://:hunter2@host/zone")]
    [InlineData("redis://:hunter2@host:x")]
    [InlineData("tcp://a:hunter2@host")]
    [InlineData("unix://hunter2@host")]
    public void No_fault_tells_the_password(string url)
    {
        Assert.False(RedisEndpoint.TryParse(url, out _, out var fault));
        Assert.DoesNotContain("hunter2", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Printed_it_shows_neither_user_nor_password()
    {
        Assert.True(RedisEndpoint.TryParse("redis://alice:hunter2@[::1]:7/3", out var endpoint, out _));
        Assert.Equal("[::1]:7/3", $"{endpoint}");
    }
}
