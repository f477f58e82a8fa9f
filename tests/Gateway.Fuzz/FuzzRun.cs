using System.Diagnostics;
using System.Security.Cryptography;

namespace Gateway.Fuzz;

/// <summary>A run over a target, bounded in time or in inputs, under a watch.</summary>
internal sealed record FuzzRun
{
    private const int Batch = 1_000;

    /// <summary>Octets that the heap may grow by: what strangers send is not kept.</summary>
    private const long MostGrowth = 16 * 1024 * 1024;

    /// <summary>How long one batch may take before it counts as a loop that does not end: a thousand times what it needs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Seconds for all targets together.</summary>
    public double Seconds { get; init; } = 60;

    /// <summary>Inputs for each target.</summary>
    public long Inputs { get; init; } = long.MaxValue;

    /// <summary>Decides all inputs.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Where broken rules are told.</summary>
    public TextWriter Faults { get; init; } = Console.Error;

    /// <summary>The folder with a folder for each target.</summary>
    public required string Corpus { get; init; }

    /// <summary>Feeds the target. False when a rule was broken; the input is in the corpus then.</summary>
    public bool Fuzz(FuzzTarget target, int targets)
    {
        var mutator = new Mutator(Seed, [.. target.Seeds, .. CorpusFile.ReadAll(Corpus, target).Select(file => file.Octets)]);
        using var watch = new LoopWatch(target.Name, Patience);
        var begun = Stopwatch.GetTimestamp();
        var before = long.MaxValue;
        long done = 0;
        while (done < Inputs && Stopwatch.GetElapsedTime(begun).TotalSeconds < Seconds / targets)
        {
            for (var i = 0; i < Batch; i++)
                if (!Feed(target, mutator.Next())) return false;
            done += Batch;
            watch.Progress();
            if (before == long.MaxValue) before = GC.GetTotalMemory(forceFullCollection: true);
        }

        var growth = GC.GetTotalMemory(forceFullCollection: true) - before;
        Console.WriteLine($"{target.Name}: {done} inputs in {Stopwatch.GetElapsedTime(begun).TotalSeconds:F1} s, seed {Seed}, heap {growth / 1024:+#;-#;0} KiB, resident {Environment.WorkingSet / 1024 / 1024} MiB");
        if (growth <= MostGrowth) return true;
        Faults.WriteLine($"{target.Name}: the heap grew by {growth} octets");
        return false;
    }

    private bool Feed(FuzzTarget target, ReadOnlySpan<byte> input)
    {
        var broken = Verdict(target, input);
        if (broken is null) return true;
        var name = Convert.ToHexStringLower(SHA256.HashData(input))[..16];
        var path = CorpusFile.Write(Corpus, target, name, broken.Split('\n')[0], input);
        Faults.WriteLine($"{target.Name}: {broken}\nkept in {path}");
        return false;
    }

    /// <summary>The rule that an input breaks, an exception included; null for none.</summary>
    public static string? Verdict(FuzzTarget target, ReadOnlySpan<byte> input)
    {
        try
        {
            return target.Broken(input);
        }
#pragma warning disable CA1031 // Whatever comes out is what is looked for.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e.ToString();
        }
    }
}
