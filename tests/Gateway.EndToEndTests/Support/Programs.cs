using System.Diagnostics;
using Xunit;

namespace Gateway.EndToEndTests.Support;

/// <summary>What a program that ended left behind.</summary>
internal sealed record Ended(int Code, string Output, string Error);

/// <summary>Runs the built programs and the peers they are tested with.</summary>
internal static class Programs
{
    /* Long: a busy machine must not fail a test. A hung program still must. */
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    /// <summary>The root of the repository.</summary>
    public static string Root { get; } = FindRoot();

    public static string Gatewayd => Built("Gateway.Server", "gatewayd");

    public static string Gateway => Built("Gateway.Cli", "gateway");

    /// <summary>Runs a program to its end.</summary>
    public static async Task<Ended> RunAsync(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? variables = null)
    {
        using var process = Start(program, arguments, variables);
        using var deadline = new CancellationTokenSource(Deadline);
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var error = process.StandardError.ReadToEndAsync(deadline.Token);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            return new Ended(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end.");
        }
    }

    /// <summary>Starts a program with its output redirected; the caller ends it.</summary>
    public static Process Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? variables = null)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false, WorkingDirectory = Root };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in variables ?? new Dictionary<string, string>()) start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    /// <summary>Asks again until the answer is true; fails with <paramref name="what"/> when it never is.</summary>
    public static async Task EventuallyAsync(Func<Task<bool>> answer, string what, TimeSpan? deadline = null)
    {
        var watch = Stopwatch.StartNew();
        while (!await answer())
        {
            if (watch.Elapsed > (deadline ?? Deadline)) throw new TimeoutException($"Never came true: {what}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private static string Built(string project, string name) => Path.Combine(Root, "src", project, "bin", "Release", "net10.0", name);

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Gateway.sln"))) folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("Gateway.sln");
        return folder;
    }
}
