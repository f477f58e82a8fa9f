using Gateway.Model;
using Gateway.Store;
using Gateway.Store.Child;
using Gateway.Store.Connecting;
using Gateway.Store.Feed;
using Xunit;

namespace Gateway.UnitTests.Store;

public sealed class SmallStoreTests
{
    [Fact]
    public void A_snapshot_shows_what_was_swapped_in_last()
    {
        var snapshot = new Snapshot<string>("a");
        Assert.Equal("a", snapshot.Current);
        snapshot.Swap("b");
        Assert.Equal("b", snapshot.Current);
    }

    [Theory]
    [InlineData("1-0", "1-1", true)]
    [InlineData("9-0", "10-0", true)]
    [InlineData("1-9", "1-10", true)]
    [InlineData("10-0", "9-99", false)]
    [InlineData("1-1", "1-1", false)]
    [InlineData("0-0", "18446744073709551615-18446744073709551615", true)]
    public void Stream_ids_are_ordered_as_numbers(string id, string other, bool before) => Assert.Equal(before, LedgerCursor.IsBefore(id, other));

    [Theory]
    [InlineData("__keyspace@0__:zone", "zone")]
    [InlineData("__keyspace@15__:__:odd", "__:odd")]
    [InlineData("__keyspace@0__:", "")]
    [InlineData("__keyevent@0__:del", null)]
    [InlineData("__keyspace@0", null)]
    public void The_channel_of_an_event_names_its_key(string channel, string? key) => Assert.Equal(key, KeyspaceChannel.KeyOf(channel));

    [Theory]
    [InlineData("AKE", true)]
    [InlineData("KA", true)]
    [InlineData("AE", false)]
    [InlineData("g$hK", false)]
    [InlineData("", false)]
    public void Events_are_on_when_every_class_comes_by_key(string flags, bool enough) => Assert.Equal(enough, EventsSetting.IsEnough(flags));

    [Fact]
    public void A_command_is_counted_in_bytes() => Assert.Equal("*2\r\n$4\r\nAUTH\r\n$3\r\n€\r\n", RespCommand.Encode("AUTH", "€"));

    [Fact]
    public void A_directory_with_odd_characters_stays_one_word_of_the_configuration()
    {
        using var state = new StateDirectory("/var/lib/a \"b\" \\c");
        var text = RedisConfiguration.Text(state, new RedisEndpoint("127.0.0.1", 7, null, new Secret("word"), 0));
        Assert.Contains("\ndir \"/var/lib/a \\\"b\\\" \\\\c\"\n", text, StringComparison.Ordinal);
        Assert.Contains("\nrequirepass word\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("+PONG", null)]
    [InlineData(null, "nobody answers there")]
    [InlineData("-LOADING Redis is loading the dataset in memory", "not readable yet (LOADING Redis is loading the dataset in memory)")]
    [InlineData("-MASTERDOWN Link with MASTER is down", "not readable yet (MASTERDOWN Link with MASTER is down)")]
    [InlineData("-NOAUTH Authentication required.", "it refuses the user or the password: correct the Redis address (NOAUTH Authentication required.)")]
    [InlineData("HTTP/1.1 400 Bad Request", "it answers HTTP/1.1 400 Bad Request")]
    public void The_answer_to_a_knock_says_what_is_wrong(string? answer, string? fault) => Assert.Equal(fault, RedisFaults.DescribePing(answer));
}
