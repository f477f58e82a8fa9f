using System.Reflection;
using System.Reflection.Emit;

namespace Gateway.UnitTests.Architecture;

/// <summary>Reads what compiled code touches: the types in the signatures and bodies of a type's methods.</summary>
internal static class IntermediateCode
{
    private const BindingFlags Everything = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> OpCodes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    /// <summary>Every type that a type's signatures and bodies name; state machines and lambdas are nested types and asked alike.</summary>
    public static IEnumerable<Type> TypesTouchedBy(Type type)
    {
        var fields = type.GetFields(Everything).Select(field => field.FieldType);
        var methods = Bodies(type).SelectMany(method => method.GetParameters().Select(parameter => parameter.ParameterType)
            .Concat(method is MethodInfo info ? [info.ReturnType] : []));
        var bodies = Operands(type).SelectMany(member => member is Type named ? [named] : new[] { member.DeclaringType! });
        return fields.Concat(methods).Concat(bodies).Where(found => found is not null).SelectMany(Flatten).Distinct();
    }

    private static IEnumerable<MethodBase> Bodies(Type type) =>
        type.GetMethods(Everything).Cast<MethodBase>().Concat(type.GetConstructors(Everything));

    private static IEnumerable<Type> Flatten(Type type)
    {
        if (type.HasElementType) return Flatten(type.GetElementType()!);
        return type.IsGenericType ? type.GetGenericArguments().SelectMany(Flatten).Append(type.GetGenericTypeDefinition()) : [type];
    }

    private static IEnumerable<MemberInfo> Operands(Type type)
    {
        foreach (var method in Bodies(type))
        {
            if (method.GetMethodBody()?.GetILAsByteArray() is not { } code) continue;
            for (var at = 0; at < code.Length;)
            {
                short value = code[at++];
                if (value == 0xFE) value = (short)(0xFE00 | code[at++]);
                var operand = OpCodes[value].OperandType;
                if (Resolve(method, operand, code, at) is { } found) yield return found;
                at += Size(operand, code, at);
            }
        }
    }

    private static MemberInfo? Resolve(MethodBase method, OperandType operand, byte[] code, int at)
    {
        var types = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        var arguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        return operand switch
        {
            OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType =>
                method.Module.ResolveMember(BitConverter.ToInt32(code, at), types, arguments),
            _ => null,
        };
    }

    private static int Size(OperandType operand, byte[] code, int at) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(code, at),
        _ => 4,
    };
}
