using System.Reflection;
using System.Text.RegularExpressions;
using Xunit;

namespace Gateway.UnitTests.Architecture;

/// <summary>The invariants of ARCHITECTURE.md that compiled code can show.</summary>
public sealed class InvariantTests
{
    private static readonly string[] Pure =
    [
        "Gateway.Model", "Gateway.Dns.Wire", "Gateway.Dns.Zones", "Gateway.Router.Sniff", "Gateway.Router.Routing",
        "Gateway.Reconciler.Planning", "Gateway.Transport.Yamux.Frames",
    ];

    private static readonly string[] Impure =
    [
        "System.Net.Sockets", "System.Threading.Tasks", "System.IO", "Microsoft.Extensions", "StackExchange.Redis", "System.Diagnostics.Process",
        "System.TimeProvider", "System.Environment", "System.Console", "System.Threading.Timer",
    ];

    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Gateway.Model"] = [],
        ["Gateway.ExplorerApi"] = ["Gateway.Model"],
        ["Gateway.Store"] = ["Gateway.Model"],
        ["Gateway.Transport"] = ["Gateway.Model"],
        ["Gateway.Dns"] = ["Gateway.Model", "Gateway.Store", "Gateway.Transport"],
        ["Gateway.Router"] = ["Gateway.Model", "Gateway.Store", "Gateway.Transport"],
        ["Gateway.Reconciler"] = ["Gateway.Model", "Gateway.Store", "Gateway.Transport", "Gateway.ExplorerApi"],
        ["Gateway.Explorer"] = ["Gateway.Model", "Gateway.Store", "Gateway.Transport"],
        ["gatewayd"] = ["Gateway.Model", "Gateway.Store", "Gateway.Transport", "Gateway.ExplorerApi", "Gateway.Dns", "Gateway.Router", "Gateway.Reconciler", "Gateway.Explorer"],
        ["gateway"] = ["Gateway.Model", "Gateway.Transport", "Gateway.ExplorerApi"],
    };

    [Fact]
    public void Rooms_reference_only_what_lies_below_them()
    {
        var wrong = from room in House.Rooms
                    from reference in room.GetReferencedAssemblies()
                    where reference.Name!.StartsWith("gateway", StringComparison.OrdinalIgnoreCase) && !Allowed[room.GetName().Name!].Contains(reference.Name)
                    select $"{room.GetName().Name} references {reference.Name}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void What_the_client_is_made_of_can_be_trimmed_and_compiled_ahead_and_nothing_silences_who_says_otherwise()
    {
        // The mark has the analyzers for both run at each build, and all their warnings are errors.
        var client = House.Rooms.Where(room => room.GetName().Name is { } name && (name == "gateway" || Allowed["gateway"].Contains(name))).ToList();
        Assert.Equal(1 + Allowed["gateway"].Length, client.Count);
        Assert.All(client, room => Assert.Contains(room.GetCustomAttributes<AssemblyMetadataAttribute>(), mark => mark is { Key: "IsAotCompatible", Value: "True" }));
        var silenced = new Regex("UnconditionalSuppressMessage|RequiresUnreferencedCode|RequiresDynamicCode|disable IL[0-9]");
        Assert.DoesNotContain(House.Sources, file => silenced.IsMatch(File.ReadAllText(file)));
    }

    [Fact]
    public void Pure_rooms_touch_no_socket_task_file_clock_or_logger()
    {
        var wrong = from type in House.Rooms.SelectMany(room => room.GetTypes())
                    where Pure.Any(room => type.Namespace == room || type.Namespace?.StartsWith(room + ".", StringComparison.Ordinal) == true)
                    from touched in IntermediateCode.TypesTouchedBy(type)
                    where IsImpure(touched) && !IsIteratorsOwn(type, touched)
                    select $"{type.FullName} touches {touched.FullName}";
        Assert.Empty(wrong.Distinct());
    }

    [Fact]
    public void Every_pure_room_exists()
    {
        var namespaces = House.Types.Select(type => type.Namespace).ToHashSet();
        Assert.All(Pure, room => Assert.Contains(room, namespaces));
    }

    [Fact]
    public void Only_the_schema_spells_the_keys_that_rooms_share()
    {
        // Constants are copied into the code that uses them, so the source is asked and not the compiled code.
        var shared = new Regex("\"(managed_domains|tfgateway_reservations|gateway:[a-z]|explorer:[a-z]|/?tcprouter/service)");
        var wrong = from file in House.Sources
                    where !file.Contains("/Gateway.Model/", StringComparison.Ordinal)
                    from line in File.ReadLines(file)
                    where shared.IsMatch(line)
                    select $"{Path.GetFileName(file)}: {line.Trim()}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Redis_is_asked_by_answers_that_cannot_be_taken_for_none()
    {
        // The library's typed answers of a connection that broke look like those of an empty Redis: see RedisCommandsTests.
        var typed = new Regex(@"\bIDatabase\b|\bDatabase\.(?!PingAsync)\w+Async");
        string[] own = ["RedisCommands.cs", "RedisConnection.cs", "RedisSession.cs"];
        var wrong = from file in House.Sources
                    from line in File.ReadLines(file)
                    where typed.IsMatch(line) && !(own.Contains(Path.GetFileName(file)) && line.Contains("IDatabase", StringComparison.Ordinal))
                    select $"{Path.GetFileName(file)}: {line.Trim()}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Names_are_nouns_of_the_field()
    {
        var hollow = new Regex("(Manager|Helper|Helpers|Util|Utils|Utilities|Service|Impl)$");
        Assert.Empty(House.Types.Where(type => hollow.IsMatch(type.Name)).Select(type => type.FullName));
    }

    [Fact]
    public void Classes_are_sealed_abstract_or_static_unless_something_derives_from_them()
    {
        var bases = House.Types.Select(type => type.BaseType).ToHashSet();
        Assert.Empty(House.Types.Where(type => type is { IsClass: true, IsSealed: false, IsAbstract: false } && !bases.Contains(type)).Select(type => type.FullName));
    }

    [Fact]
    public void An_interface_has_more_than_one_implementation()
    {
        var all = House.Rooms.Append(typeof(InvariantTests).Assembly).SelectMany(room => room.GetTypes()).ToArray();
        var wrong = House.Types.Where(type => type.IsInterface && all.Count(other => !other.IsInterface && type.IsAssignableFrom(other)) < 2);
        Assert.Empty(wrong.Select(type => type.FullName));
    }

    // The compiler's iterators ask for the thread they run on.
    private static bool IsIteratorsOwn(Type type, Type touched) => touched == typeof(Environment) && type.Name.StartsWith('<');

    private static bool IsImpure(Type touched)
    {
        // An address's family is an enumeration that happens to live beside the sockets.
        if (touched.FullName is null or "System.Net.Sockets.AddressFamily") return false;
        return Impure.Any(prefix => touched.FullName == prefix || touched.FullName.StartsWith(prefix + ".", StringComparison.Ordinal));
    }
}
