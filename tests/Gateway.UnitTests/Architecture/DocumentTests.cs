using System.Text.RegularExpressions;
using Gateway.Server.Options;
using Xunit;

namespace Gateway.UnitTests.Architecture;

/// <summary>The documents tell the truth about the code, or this fails.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void Every_type_and_file_that_ARCHITECTURE_names_exists()
    {
        var types = House.Types.Concat(typeof(DocumentTests).Assembly.GetTypes()).Select(type => Plain(type.Name)).ToHashSet();
        var members = House.Types.SelectMany(type => type.GetMembers((System.Reflection.BindingFlags)(-1) & ~System.Reflection.BindingFlags.ExactBinding)
            .Select(member => $"{Plain(type.Name)}.{member.Name}")).ToHashSet();
        var wrong = new List<string>();
        foreach (var quoted in Quoted().Matches(House.Read("ARCHITECTURE.md")).Select(match => match.Groups[1].Value))
        {
            if (TypeName().IsMatch(quoted))
            {
                var known = quoted.Contains('.', StringComparison.Ordinal) ? members.Contains(quoted) || types.Contains(quoted.Split('.')[^1]) || IsNamespace(quoted) : types.Contains(quoted);
                if (!known) wrong.Add(quoted);
            }
            else if (FileName().IsMatch(quoted) && !Exists(quoted)) wrong.Add(quoted);
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void The_options_page_is_what_the_program_writes() =>
        Assert.Equal(OptionsDocument.Write(new Configuration().Table), House.Read("docs/options.md"));

    [Fact]
    public void Every_RFC_that_the_code_cites_is_listed()
    {
        var listed = Rfc().Matches(House.Read("docs/rfcs.md")).Select(match => match.Groups[1].Value).ToHashSet();
        var cited = House.Sources.SelectMany(file => Rfc().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)).ToHashSet();
        Assert.Empty(cited.Except(listed).Order());
    }

    [Fact]
    public void Links_between_the_documents_lead_somewhere()
    {
        var pages = Directory.EnumerateFiles(Path.Combine(House.Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(House.Root, "*.md"));
        var wrong = from page in pages
                    from match in Link().Matches(File.ReadAllText(page))
                    let target = match.Groups[1].Value.Split('#')[0]
                    where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal) && !Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, target))
                    select $"{Path.GetFileName(page)}: {target}";
        Assert.Empty(wrong);
    }

    private static bool IsNamespace(string name) => House.Types.Any(type => type.Namespace == name);

    private static bool Exists(string path) => Path.Exists(Path.Combine(House.Root, path)) || Path.Exists(Path.Combine(House.Root, "src", path));

    private static string Plain(string name) => name.Split('`')[0];

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^[A-Z][A-Za-z0-9]+(\.[A-Z][A-Za-z0-9]+)*$")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"^[\w./-]+\.(cs|md|sh|json|service)$|^[\w.-]+/[\w./-]*$")]
    private static partial Regex FileName();

    [GeneratedRegex(@"RFC (\d{3,5})")]
    private static partial Regex Rfc();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
