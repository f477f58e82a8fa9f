using System.Text;
using System.Text.RegularExpressions;

namespace Gateway.UnitTests.Architecture;

/// <summary>docs/adversarial.md: each attack with the files of the tests that carry its ID, read from the sources of all suites.</summary>
internal static partial class AttackDocument
{
    private const string Head = """
        # What may happen to a gateway, and what proves that it stands

        Each line is an attack or a mishap, and the tests that show what becomes of it; they carry its ID, as in `[Trait("adv", "D4")]`.
        *Not built* means that there is nothing here yet that it could hit, *no test yet* that nothing shows what happens.

        `scripts/adversarial.sh` writes this page from the tests; a test fails when something here is not true.

        """;

    /// <summary>The page as it must be now.</summary>
    public static string Write()
    {
        var carriers = Carriers().ToLookup(carrier => carrier.Id, carrier => carrier.File);
        var page = new StringBuilder(Head);
        foreach (var (letter, name) in Attack.Parts)
        {
            page.Append("\n## ").Append(name).Append("\n\n| ID | what happens | tests |\n|---|---|---|\n");
            foreach (var attack in Attack.All.Where(attack => attack.Id[0] == letter))
                page.Append("| ").Append(attack.Id).Append(" | ").Append(attack.Text).Append(" | ").Append(Cell(attack, carriers[attack.Id])).Append(" |\n");
        }

        return page.ToString();
    }

    /// <summary>Each ID in the sources of the tests, with the file's path below the root.</summary>
    public static IEnumerable<(string Id, string File)> Carriers() =>
        from file in Directory.EnumerateFiles(Path.Combine(House.Root, "tests"), "*.cs", SearchOption.AllDirectories)
        where !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal)
        from id in Trait().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value).Distinct()
        select (id, Path.GetRelativePath(House.Root, file));

    private static string Cell(Attack attack, IEnumerable<string> files)
    {
        var links = files.Order(StringComparer.Ordinal).Select(file => $"[{Path.GetFileNameWithoutExtension(file)}](../{file})").ToList();
        if (links.Count > 0) return string.Join(", ", links);
        return attack.IsBuilt ? "*no test yet*" : "*not built*";
    }

    [GeneratedRegex("""(?<=^\s*\[[^\n]*)Trait\("adv", "(\w+)"\)""", RegexOptions.Multiline)]
    private static partial Regex Trait();
}
