using System.Globalization;
using Gateway.Fuzz;

// Mutation fuzz of what strangers' octets reach:
//   Gateway.Fuzz [--seconds N | --inputs N] [--seed N] [--corpus DIRECTORY] [TARGET...]
// Without a target, all take turns. An input that breaks a rule becomes a file of the corpus, which the unit tests replay; then
// the program ends with 1. The same seed makes the same inputs. 10 million inputs: --inputs 10000000.
var run = new FuzzRun { Corpus = Path.Combine(AppContext.BaseDirectory, "../../../corpus") };
var names = new List<string>();
for (var i = 0; i < args.Length; i++)
{
    if (args[i].StartsWith("--", StringComparison.Ordinal) && i + 1 == args.Length) return Usage($"{args[i]} wants a value");
    switch (args[i])
    {
        case "--seconds": run = run with { Seconds = double.Parse(args[++i], CultureInfo.InvariantCulture) }; break;
        case "--inputs": run = run with { Inputs = long.Parse(args[++i], CultureInfo.InvariantCulture), Seconds = double.MaxValue }; break;
        case "--seed": run = run with { Seed = ulong.Parse(args[++i], CultureInfo.InvariantCulture) }; break;
        case "--corpus": run = run with { Corpus = args[++i] }; break;
        default: names.Add(args[i]); break;
    }
}

if (names.Find(name => Array.TrueForAll(FuzzTarget.All, target => target.Name != name)) is { } unknown) return Usage($"there is no target {unknown}");
var targets = FuzzTarget.All.Where(target => names.Count == 0 || names.Contains(target.Name)).ToList();
return targets.TrueForAll(target => run.Fuzz(target, targets.Count)) ? 0 : 1;

static int Usage(string fault)
{
    Console.Error.WriteLine($"{fault}. Gateway.Fuzz [--seconds N | --inputs N] [--seed N] [--corpus DIRECTORY] [{string.Join(" | ", FuzzTarget.All.Select(target => target.Name))}]");
    return 2;
}
