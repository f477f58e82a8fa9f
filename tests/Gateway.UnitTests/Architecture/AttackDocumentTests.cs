using Xunit;

namespace Gateway.UnitTests.Architecture;

/// <summary>The page of attacks says what the tests carry.</summary>
public sealed class AttackDocumentTests
{
    private const string Page = "docs/adversarial.md";

    /// <summary>A test may carry an ID before the page names it; what the page says must be true.</summary>
    [Fact]
    public void What_the_page_of_attacks_says_is_true()
    {
        if (Environment.GetEnvironmentVariable("GATEWAY_WRITE_DOCS") == "1") File.WriteAllText(Path.Combine(House.Root, Page), AttackDocument.Write());
        var untrue = AttackDocument.Untrue(House.Read(Page)).ToList();
        Assert.True(untrue.Count == 0, $"{Page} is out of date: run scripts/adversarial.sh, and commit what it wrote. Not true are\n{string.Join('\n', untrue)}");
    }

    [Fact]
    public void A_page_with_a_made_up_test_or_another_text_is_not_true()
    {
        var page = AttackDocument.Write();
        Assert.Empty(AttackDocument.Untrue(page));
        Assert.NotEmpty(AttackDocument.Untrue(page.Replace("[FuzzTests](", "[NoTests](", StringComparison.Ordinal)));
        Assert.Single(AttackDocument.Untrue(page.Replace("Mutated and broken", "Nice and friendly", StringComparison.Ordinal)));
        Assert.Single(AttackDocument.Untrue(page + "\n"));
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
