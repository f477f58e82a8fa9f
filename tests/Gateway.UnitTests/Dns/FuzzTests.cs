using Gateway.Fuzz;
using Gateway.UnitTests.Architecture;
using Xunit;

namespace Gateway.UnitTests.Dns;

/// <summary>
/// Hostile octets, from a seed so that a failure can be repeated: a slice of what tests/Gateway.Fuzz runs for as long as one wants,
/// and every input that ever broke a rule there.
/// </summary>
public sealed class FuzzTests
{
    public static TheoryData<string> Targets => [.. FuzzTarget.All.Select(target => target.Name)];

    private static string Corpus => Path.Combine(House.Root, "tests", "Gateway.Fuzz", "corpus");

    [Theory]
    [Trait("adv", "D1")]
    [MemberData(nameof(Targets))]
    public void No_octets_break_a_rule(string name)
    {
        var target = Named(name);
        foreach (ulong seed in new[] { 11, 12 })
        {
            var mutator = new Mutator(seed, target.Seeds);
            for (var i = 0; i < 100_000; i++)
            {
                var input = mutator.Next();
                if (FuzzRun.Verdict(target, input) is { } broken) Assert.Fail($"{broken}\n{Convert.ToHexString(input)}");
            }
        }
    }

    [Theory]
    [Trait("adv", "D1")]
    [MemberData(nameof(Targets))]
    public void What_once_broke_a_rule_breaks_none_now(string name)
    {
        var files = CorpusFile.ReadAll(Corpus, Named(name)).ToList();
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.Null(FuzzRun.Verdict(Named(name), file.Octets)));
    }

    [Fact]
    public void An_input_that_breaks_a_rule_ends_the_run_and_is_kept()
    {
        var directory = Directory.CreateTempSubdirectory();
        try
        {
            var target = new Brittle();
            Assert.False(new FuzzRun { Corpus = directory.FullName, Inputs = 100_000, Seconds = double.MaxValue, Faults = TextWriter.Null }.Fuzz(target, 1));
            var kept = Assert.Single(CorpusFile.ReadAll(directory.FullName, target));
            Assert.NotNull(FuzzRun.Verdict(target, kept.Octets));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void One_seed_makes_one_run()
    {
        var (one, other) = (new Mutator(3, SampleMessages.All), new Mutator(3, SampleMessages.All));
        for (var i = 0; i < 1_000; i++) Assert.Equal(one.Next().ToArray(), other.Next().ToArray());
    }

    private static FuzzTarget Named(string name) => FuzzTarget.All.Single(target => target.Name == name);

    /// <summary>Throws for messages whose fourth octet has its highest bit.</summary>
    private sealed class Brittle : FuzzTarget
    {
        public override string Name => "brittle";

        public override IReadOnlyList<byte[]> Seeds => [new byte[16]];

        public override string? Broken(ReadOnlySpan<byte> input) => input.Length > 3 && input[3] >= 0x80 ? throw new InvalidOperationException("as planned") : null;
    }
}
