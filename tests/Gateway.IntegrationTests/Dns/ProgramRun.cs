using System.Diagnostics;
using Xunit;

namespace Gateway.IntegrationTests.Dns;

/// <summary>Runs another program to its end.</summary>
internal static class ProgramRun
{
    /// <summary>What the program prints; it fails the test when it does not end in good time.</summary>
    public static async Task<string> OutputAsync(string program, string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            var error = process.StandardError.ReadToEndAsync(deadline.Token);
            var output = await process.StandardOutput.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return output + await error;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {arguments} did not end");
            throw;
        }
    }
}
