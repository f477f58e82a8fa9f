using System.Reflection;
using Gateway.Store;
using StackExchange.Redis;
using Xunit;

namespace Gateway.UnitTests.Store;

public sealed class RedisCommandsTests
{
    private const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;

    public static TheoryData<string, Func<RedisCommands, Task>> Questions() => new()
    {
        { "any", it => it.ExecuteAsync("PING") },
        { "script", it => it.ScriptEvaluateAsync("return 1", null, null) },
        { "field", it => it.HashGetAsync("k", "f") },
        { "fields", it => it.HashGetAsync("k", ["f"]) },
        { "all fields", it => it.HashGetAllAsync("k") },
        { "fields counted", it => it.HashLengthAsync("k") },
        { "a field is there", it => it.HashExistsAsync("k", "f") },
        { "string", it => it.StringGetAsync("k") },
        { "strings", it => it.StringGetAsync(["k"]) },
        { "first to set", it => it.StringSetNewAsync("k", "v", TimeSpan.FromSeconds(1)) },
        { "increment", it => it.StringIncrementAsync("k") },
        { "a key is there", it => it.KeyExistsAsync("k") },
        { "type", it => it.KeyTypeAsync("k") },
        { "dump", it => it.KeyDumpAsync("k") },
        { "expire", it => it.KeyExpireAsync("k", TimeSpan.FromSeconds(1)) },
        { "delete", it => it.KeyDeleteAsync("k") },
        { "members counted", it => it.SortedSetLengthAsync("k") },
        { "members counted in a range", it => it.SortedSetLengthByValueAsync("k", "a", "b") },
        { "members by score", it => it.SortedSetRangeByScoreAsync("k", 0, 0, 1) },
        { "members in a range", it => it.SortedSetRangeByValueAsync("k", "a", "b", 0, 1) },
    };

    [Theory]
    [MemberData(nameof(Questions))]
    public async Task An_answer_that_is_none_is_a_Redis_that_is_away_and_never_an_empty_one(string question, Func<RedisCommands, Task> ask)
    {
        // It was a null reference in the change feed once, which ended the node.
        Assert.NotEmpty(question);
        await Assert.ThrowsAsync<RedisAwayException>(() => ask(new RedisCommands(DispatchProxy.Create<IDatabase, Broken>())));
    }

    [Theory]
    [InlineData(typeof(RedisValue))]
    [InlineData(typeof(RedisValue[]))]
    [InlineData(typeof(bool))]
    [InlineData(typeof(long))]
    [InlineData(typeof(RedisResult))]
    public async Task The_library_completes_a_command_twice_with_no_answer_and_no_fault(Type answer)
    {
        // The write that failed and the connection that broke complete the same command. The first has taken the fault out of its
        // place, but not yet told it, when the second one looks: RedisValue.Null, false and 0 of such a command say nothing of Redis.
        var box = typeof(ConnectionMultiplexer).Assembly.GetType("StackExchange.Redis.ResultBox`1", throwOnError: true)!.MakeGenericType(answer);
        var source = Activator.CreateInstance(typeof(TaskCompletionSource<>).MakeGenericType(answer))!;
        var place = box.GetMethod("Get", Any)!.Invoke(null, [source])!;
        box.GetMethod("SetException", Any)!.Invoke(place, [new IOException("broken")]);
        box.GetMethod("UnwrapAndRecycle", Any)!.Invoke(null, [.. box.GetMethod("UnwrapAndRecycle", Any)!.GetParameters().Select(it => it.Position switch { 0 => place, 1 => (object?)true, _ => null })]);
        Assert.True((bool)box.GetMethod("TryComplete", Any)!.Invoke(place, [true])!);
        var task = (Task)source.GetType().GetProperty("Task")!.GetValue(source)!;
        await task;
        Assert.Equal(answer.IsValueType ? Activator.CreateInstance(answer) : null, task.GetType().GetProperty("Result")!.GetValue(task));
    }

    /// <summary>Ends every command with no answer.</summary>
    public class Broken : DispatchProxy
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => Task.FromResult<RedisResult>(null!);
    }
}
