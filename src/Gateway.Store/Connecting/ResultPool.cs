using System.Reflection;
using System.Reflection.Emit;
using StackExchange.Redis;

namespace Gateway.Store.Connecting;

/// <summary>
/// Takes from the client library the pool of places for answers. When a connection breaks under a write, the library completes that
/// command twice, and its place can come into the pool twice. From then on two commands share one, also over later connections: one
/// of them gets the answer of the other, which gets none.
/// </summary>
/// <remarks>
/// Seen with 1.2.6, of whose line nothing newer will come: ResultBox.UnwrapAndRecycle is reached from PhysicalBridge, for the write that
/// failed, and from PhysicalConnection.RecordConnectionFailed, for all that were under way. Without a pool each command has a place of
/// its own, and a second completion meets a task that is done.
/// </remarks>
internal static class ResultPool
{
    private const BindingFlags Hidden = BindingFlags.Static | BindingFlags.NonPublic;

    private static readonly Lazy<bool> Removal = new(RemoveAll);

    /// <summary>Removes it, once in a process. False when this version of the library has none.</summary>
    internal static bool Remove() => Removal.Value;

    /// <summary>Every kind of answer that the library reads has a pool.</summary>
    internal static IReadOnlyList<FieldInfo> Pools()
    {
        var library = typeof(ConnectionMultiplexer).Assembly;
        var (box, reader) = (library.GetType("StackExchange.Redis.ResultBox`1"), library.GetType("StackExchange.Redis.ResultProcessor`1"));
        if (box is null || reader is null) return [];
        return [.. library.GetTypes().Select(type => Answer(type, reader)).OfType<Type>().Distinct().Select(answer => box.MakeGenericType(answer).GetField("store", Hidden)).OfType<FieldInfo>()];
    }

    private static bool RemoveAll()
    {
        var pools = Pools();
        foreach (var pool in pools) Empty(pool);
        return pools.Count > 0;
    }

    private static Type? Answer(Type type, Type reader)
    {
        for (var above = type.BaseType; above is not null; above = above.BaseType)
            if (above.IsGenericType && above.GetGenericTypeDefinition() == reader) return above.GenericTypeArguments[0] is { ContainsGenericParameters: false } answer ? answer : null;
        return null;
    }

    // Written by address, for the field is read-only: before the first command, so that nothing has been compiled with the old array.
    private static void Empty(FieldInfo pool)
    {
        var write = new DynamicMethod("EmptyResultPool", null, [typeof(object)], pool.DeclaringType!, skipVisibility: true);
        var code = write.GetILGenerator();
        code.Emit(OpCodes.Ldsflda, pool);
        code.Emit(OpCodes.Ldarg_0);
        code.Emit(OpCodes.Stind_Ref);
        code.Emit(OpCodes.Ret);
        write.CreateDelegate<Action<object>>()(Array.CreateInstance(pool.FieldType.GetElementType()!, 0));
    }
}
