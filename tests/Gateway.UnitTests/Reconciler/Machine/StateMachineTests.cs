using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Gateway.UnitTests.Reconciler.Machine;

/// <summary>A hundred thousand random steps of users, gateway and misfortune; after each one what must always hold is looked at.</summary>
public sealed class StateMachineTests
{
    private const string SeedVariable = "GATEWAY_MACHINE_SEED";

    private const int Lives = 100;

    private const int StepsOfALife = 1_000;

    private const int HealEvery = 200;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable(SeedVariable) is null ? 30 : 150);

    [Fact, Trait("adv", "R2"), Trait("adv", "R3"), Trait("adv", "R5"), Trait("adv", "R7")]
    public async Task Whatever_happens_nothing_is_lost_stolen_or_left_behind()
    {
        var first = int.TryParse(Environment.GetEnvironmentVariable(SeedVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var seed);
        if (!first) seed = Random.Shared.Next(1_000_000);
        for (var life = 0; life < (first ? 1 : Lives); life++) await LiveAsync(seed + life);
    }

    /// <summary>Lives in which something went wrong once.</summary>
    /// <param name="seed">
    /// 561195: after a restart the new holder of a host was reported before the end of the old one. 511456: a user's deleted proxy, never
    /// accepted, was taken for the route of another user at the same host, because the name there was his; that route was left behind.
    /// </param>
    [Theory, Trait("adv", "R7")]
    [InlineData(561195)]
    [InlineData(511456)]
    public Task What_once_went_wrong_does_so_no_more(int seed) => LiveAsync(seed);

    private static async Task LiveAsync(int seed)
    {
        var random = new Random(seed);
        var steps = Enumerable.Range(0, StepsOfALife).Select(_ => new MachineStep(random.Next(Machine.Kinds), random.Next(1000), random.Next(1000))).ToList();
        if (await FaultOfAsync(steps) is not { } fault) return;
        TestContext.Current.SendDiagnosticMessage(fault.Text);
        var few = await ShrinkAsync([.. steps.Take(fault.At + 1)]);
        Assert.Fail($"Seed {seed} (replay with {SeedVariable}={seed}), step {fault.At}: {fault.Text}\nShrunk to {few.Count} steps: {string.Join(", ", few)}\nwhich give: {(await FaultOfAsync(few))?.Text}");
    }

    private static async Task<(int At, string Text)?> FaultOfAsync(List<MachineStep> steps)
    {
        using var machine = new Machine();
        for (var i = 0; i < steps.Count; i++)
        {
            try
            {
                await machine.DoAsync(steps[i]);
                if (machine.Fault() is { } fault) return (i, fault);
                if ((i + 1) % HealEvery != 0 && i + 1 < steps.Count) continue;
                await machine.HealAsync();
                if ((machine.Fault() ?? machine.Difference()) is { } different) return (i, different);
            }
            catch (Exception e) when (e is InvalidOperationException or InvalidDataException or KeyNotFoundException or ArgumentException)
            {
                return (i, e.ToString());
            }
        }

        return null;
    }

    /// <summary>Leaves out what is not needed for some fault, half by half, then one by one.</summary>
    private static async Task<List<MachineStep>> ShrinkAsync(List<MachineStep> steps)
    {
        var begun = Stopwatch.GetTimestamp();
        for (var size = steps.Count / 2; size > 0 && Stopwatch.GetElapsedTime(begun) < Patience; size /= 2)
        {
            for (var at = 0; at + size <= steps.Count;)
            {
                List<MachineStep> fewer = [.. steps[..at], .. steps[(at + size)..]];
                if (await FaultOfAsync(fewer) is { } fault) steps = [.. fewer.Take(fault.At + 1)];
                else at += size;
            }
        }

        return steps;
    }
}
