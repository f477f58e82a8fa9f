namespace Gateway.RouterBenchmark;

/// <summary>What a visitor or a backend has to say of what should not have happened, for whoever reads why a run ended in its middle.</summary>
internal static class Complaints
{
#pragma warning disable RS0030 // A program's own words; the figures alone go to its output.
    public static void Tell(string what) => Console.Error.WriteLine($"{TimeProvider.System.GetUtcNow():O} {what}");
#pragma warning restore RS0030
}
