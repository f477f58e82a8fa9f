using Xunit;

namespace Gateway.UnitTests.Architecture;

/// <summary>The page of attacks says what the tests carry.</summary>
public sealed class AttackDocumentTests
{
    private const string Page = "docs/adversarial.md";

    [Fact]
    public void The_page_of_attacks_is_what_the_tests_carry()
    {
        var written = AttackDocument.Write();
        if (Environment.GetEnvironmentVariable("GATEWAY_WRITE_DOCS") == "1") File.WriteAllText(Path.Combine(House.Root, Page), written);
        Assert.True(written == House.Read(Page), $"{Page} is out of date: run scripts/adversarial.sh, and commit what it wrote.");
    }

    [Fact]
    public void Every_ID_that_a_test_carries_is_in_the_list()
    {
        var known = Attack.All.Select(attack => attack.Id).ToHashSet();
        Assert.DoesNotContain(AttackDocument.Carriers(), carrier => !known.Contains(carrier.Id));
    }

    [Fact]
    public void Every_ID_stands_once_and_in_its_part_s_order()
    {
        foreach (var (letter, _) in Attack.Parts)
        {
            var numbers = Attack.All.Where(attack => attack.Id[0] == letter).Select(attack => int.Parse(attack.Id[1..], System.Globalization.CultureInfo.InvariantCulture)).ToList();
            Assert.Equal(Enumerable.Range(1, numbers.Count), numbers);
        }

        Assert.All(Attack.All, attack => Assert.Contains(Attack.Parts, part => part.Letter == attack.Id[0]));
    }
}
