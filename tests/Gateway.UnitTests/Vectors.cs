using System.Text.Json;

namespace Gateway.UnitTests;

/// <summary>The recorded bytes of the public formats, under tests/vectors.</summary>
internal static class Vectors
{
    /// <summary>Reads one file of vectors as JSON.</summary>
    public static JsonElement Read(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder(), file)));
        return document.RootElement.Clone();
    }

    /// <summary>Reads a text file of the repository.</summary>
    public static string Document(string path) => File.ReadAllText(Path.Combine(Root(), path));

    private static string Folder() => Path.Combine(Root(), "tests", "vectors");

    private static string Root()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Gateway.sln"))) at = at.Parent;
        return at?.FullName ?? throw new DirectoryNotFoundException("Gateway.sln is nowhere above the tests.");
    }
}
