using System.Reflection;
using System.Runtime.CompilerServices;

namespace Gateway.UnitTests.Architecture;

/// <summary>The assemblies and folders of the project, as the architecture tests look at them.</summary>
internal static class House
{
    /// <summary>Every assembly that src/ builds.</summary>
    public static IReadOnlyList<Assembly> Rooms { get; } =
    [
        .. new[] { "Gateway.Model", "Gateway.ExplorerApi", "Gateway.Store", "Gateway.Transport", "Gateway.Dns", "Gateway.Router", "Gateway.Reconciler", "Gateway.Explorer", "gatewayd", "gateway" }
            .Select(name => Assembly.Load(new AssemblyName(name))),
    ];

    /// <summary>Every type that somebody wrote by hand, compiler-made ones left out.</summary>
    public static IEnumerable<Type> Types => Rooms.SelectMany(room => room.GetTypes()).Where(type => !IsMade(type));

    /// <summary>The root of the repository: the folder that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every source file below src/.</summary>
    public static IEnumerable<string> Sources => Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains("/obj/", StringComparison.Ordinal));

    /// <summary>The text of a file below the root.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>True for what the compiler or a source generator made: closures, state machines, regex and JSON contexts.</summary>
    public static bool IsMade(Type type) =>
        type.Name.Contains('<', StringComparison.Ordinal) || type.IsDefined(typeof(CompilerGeneratedAttribute)) ||
        type.Namespace?.StartsWith("Gateway", StringComparison.Ordinal) != true || (type.DeclaringType is { } outer && IsMade(outer)) ||
        type.GetCustomAttributesData().Any(data => data.AttributeType.Name == "GeneratedCodeAttribute");

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Gateway.sln"))) folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("Gateway.sln");
        return folder;
    }
}
