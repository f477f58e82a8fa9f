using System.Text.RegularExpressions;
using Xunit;

namespace Gateway.UnitTests.Architecture;

/// <summary>What the doctor and the admin API say stands in the documents, with what to do.</summary>
public sealed partial class ErrorDocumentTests
{
    [Fact]
    public void Every_diagnosis_of_a_domain_is_explained_to_its_owner()
    {
        var codes = Code().Matches(House.Read("src/Gateway.Cli/Doctor/Diagnosis.cs")).Select(match => match.Groups[1].Value).Append("good").Distinct().ToArray();
        Assert.True(codes.Length > 20);
        Assert.Equal(codes.Order(StringComparer.Ordinal), FirstCells("docs/delegation.md").Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_finding_about_a_node_is_explained_to_its_operator()
    {
        var codes = Word().Matches(House.Read("src/Gateway.Cli/Doctor/NodeCheckup.cs")).Select(match => match.Groups[1].Value).Where(code => !code.EndsWith("_good", StringComparison.Ordinal) && code is not ("port_open" or "clock_kept")).Distinct();
        Assert.Equal([], codes.Except(FirstCells("docs/errors.md")));
    }

    [Theory]
    [InlineData("AdminApi.cs")]
    [InlineData("NameRelease.cs")]
    [InlineData("StateBackup.cs")]
    [InlineData("UserFreeze.cs")]
    public void Every_fault_of_the_admin_API_has_its_cure(string file)
    {
        var page = House.Read("docs/errors.md");
        var said = Said().Matches(House.Read("src/Gateway.Server/Operating/" + file)).Select(match => Plain(match.Groups[1].Value)).Where(text => text.Length > 0).ToArray();
        Assert.NotEmpty(said);
        Assert.Equal([], said.Where(text => !page.Contains(text, StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_fault_of_the_command_line_has_its_cure()
    {
        var page = House.Read("docs/errors.md");
        var sources = House.Sources.Where(file => file.Contains("/Gateway.Cli/", StringComparison.Ordinal)).Select(File.ReadAllText)
            .Concat(new[] { "Gateway.Model/Crypto/SeedFile.cs", "Gateway.ExplorerApi/ExplorerAddress.cs", "Gateway.Transport/Tls/TlsDuplex.cs" }.Select(file => House.Read("src/" + file)));
        var said = sources.SelectMany(source => Told().Matches(source)).Select(match => Plain(match.Groups[1].Value)).Where(text => text.Length > 2).ToArray();
        Assert.True(said.Length > 75, $"only {said.Length} faults were found in the sources");
        Assert.Equal([], said.Where(text => !page.Contains(text, StringComparison.Ordinal)));
    }

    private static IEnumerable<string> FirstCells(string page) =>
        House.Read(page).Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).SelectMany(line => Ticked().Matches(line.Split('|')[1]).Select(match => match.Groups[1].Value));

    // The longest part without a value in it.
    private static string Plain(string text) => Regex.Split(text, @"\{[^}]*\}?|'|\\n").MaxBy(part => part.Length)!.Trim();

    [GeneratedRegex("new\\(\"([a-z_]+)\"")]
    private static partial Regex Code();

    [GeneratedRegex("(?:Health\\.\\w+, |\\? |: )\"([a-z]+_[a-z_]+)\"")]
    private static partial Regex Word();

    [GeneratedRegex("(?:Fault\\(StatusCodes\\.\\w+, |return \\(?|dumps, |: )\\$?\"([A-Z'{][^\"]{9,})\"")]
    private static partial Regex Said();

    // Where the sources of the command line say what is wrong: faults, and why a tunnel is down.
    [GeneratedRegex("""(?:Fault\(ExitCode\.\w+, |AddError\(|LinkEnd\(|fault = |aults\.Add\(|Usage\(|Exception\(|Invoke\(\) \?\? |ClientEvent\("local_down", target, |=> (?="(?:refused|the gateway))|return (?:[^;"]*\? null : )?(?=\$?"the gateway)|\? null : (?=\$"the gateway))\$?"((?:[^"\\]|\\.)*)["]""")]
    private static partial Regex Told();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Ticked();
}
