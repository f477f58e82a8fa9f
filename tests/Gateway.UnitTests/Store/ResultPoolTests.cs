using System.Reflection;
using Gateway.Store.Connecting;
using StackExchange.Redis;
using Xunit;

namespace Gateway.UnitTests.Store;

public sealed class ResultPoolTests
{
    private const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;

    [Theory]
    [InlineData(typeof(RedisValue))]
    [InlineData(typeof(RedisResult))]
    [InlineData(typeof(bool))]
    public void A_command_that_is_completed_twice_leaves_no_place_that_two_later_ones_share(Type answer)
    {
        Assert.True(ResultPool.Remove());
        var box = typeof(ConnectionMultiplexer).Assembly.GetType("StackExchange.Redis.ResultBox`1", throwOnError: true)!.MakeGenericType(answer);
        var broken = Get(box, answer);
        for (var i = 0; i < 2; i++) box.GetMethod("UnwrapAndRecycle", Any)!.Invoke(null, Arguments(box, broken));
        Assert.NotSame(Get(box, answer), Get(box, answer));
    }

    [Fact]
    public void Every_kind_of_answer_is_without_a_pool()
    {
        Assert.True(ResultPool.Remove());
        Assert.True(ResultPool.Pools().Count > 20);
        Assert.All(ResultPool.Pools(), pool => Assert.Empty((Array)pool.GetValue(null)!));
    }

    private static object Get(Type box, Type answer) => box.GetMethod("Get", Any)!.Invoke(null, [Activator.CreateInstance(typeof(TaskCompletionSource<>).MakeGenericType(answer))])!;

    private static object?[] Arguments(Type box, object broken)
    {
        var parameters = box.GetMethod("UnwrapAndRecycle", Any)!.GetParameters();
        return [.. parameters.Select(parameter => parameter.ParameterType == typeof(bool) ? true : parameter.Position == 0 ? broken : null)];
    }
}
