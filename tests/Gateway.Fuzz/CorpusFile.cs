namespace Gateway.Fuzz;

/// <summary>An input that once broke a rule: a line with what it broke, and the octets in hexadecimal digits.</summary>
/// <param name="Path">Where it stands.</param>
/// <param name="Octets">The input.</param>
internal sealed record CorpusFile(string Path, byte[] Octets)
{
    private const string Extension = ".hex";

    /// <summary>Every file of a target.</summary>
    public static IEnumerable<CorpusFile> ReadAll(string corpus, FuzzTarget target)
    {
        var folder = System.IO.Path.Combine(corpus, target.Name);
        if (!Directory.Exists(folder)) return [];
        return Directory.EnumerateFiles(folder, "*" + Extension).Order(StringComparer.Ordinal).Select(path => new CorpusFile(path, Read(path)));
    }

    /// <summary>Writes a new one and returns where.</summary>
    public static string Write(string corpus, FuzzTarget target, string name, string broken, ReadOnlySpan<byte> octets)
    {
        var folder = Directory.CreateDirectory(System.IO.Path.Combine(corpus, target.Name));
        var path = System.IO.Path.GetFullPath(System.IO.Path.Combine(folder.FullName, name + Extension));
        File.WriteAllText(path, $"# {broken}\n{Convert.ToHexStringLower(octets)}\n");
        return path;
    }

    private static byte[] Read(string path) =>
        Convert.FromHexString(string.Concat(File.ReadLines(path).Where(line => !line.StartsWith('#')).Select(line => line.Trim())));
}
