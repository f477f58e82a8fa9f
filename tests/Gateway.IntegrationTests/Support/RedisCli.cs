using System.Diagnostics;
using Gateway.Store;

namespace Gateway.IntegrationTests.Support;

/// <summary>The stock client, as an operator types it.</summary>
public static class RedisCli
{
    public static Task<string> RunAsync(RedisEndpoint endpoint, params string[] words) => RunAsync(endpoint.Port, endpoint.Password.Reveal(), words);

    public static async Task<string> RunAsync(int port, string password, params string[] words)
    {
        var start = new ProcessStartInfo("redis-cli", ["-p", $"{port}", .. words]) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (password.Length > 0) start.Environment["REDISCLI_AUTH"] = password;
        using var process = Process.Start(start)!;
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return text.Trim();
    }
}
