using System.Diagnostics;
using System.Globalization;
using Gateway.IntegrationTests.Support;
using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.IntegrationTests.Store;

public sealed class KilledGatewayTests
{
    private const string StateVariable = "GATEWAY_TEST_KILLED_STATE";

    [Fact]
    [Trait("adv", "R7")]
    public async Task A_gateway_killed_with_SIGKILL_takes_its_redis_along()
    {
        var directory = Directory.CreateTempSubdirectory("gateway-redis-").FullName;
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["-method", $"{typeof(KilledGatewayTests).FullName}.{nameof(Stand_in_for_a_gateway_that_will_be_killed)}"]) { RedirectStandardOutput = true };
        start.Environment[StateVariable] = directory;
        using var gateway = Process.Start(start)!;
        gateway.BeginOutputReadLine();
        var ready = Path.Combine(directory, "ready");
        await Eventually.TrueAsync(() => File.Exists(ready) && File.ReadAllText(ready).Length > 0, "the stand-in's Redis is ready");
        using var redis = Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(ready), CultureInfo.InvariantCulture));
        Assert.False(redis.HasExited);
        gateway.Kill();
        await Eventually.TrueAsync(() => redis.HasExited, "its Redis has ended with it");
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>Does something only in the process that the test above starts.</summary>
    [Fact]
    public async Task Stand_in_for_a_gateway_that_will_be_killed()
    {
        if (Environment.GetEnvironmentVariable(StateVariable) is not { } directory) return;
        await using var redis = new PrivateRedis(directory, 0, TimeProvider.System, NullLoggerFactory.Instance);
        Assert.Null(await redis.StartAsync(Deadline.Generous));
        await File.WriteAllTextAsync(Path.Combine(directory, "ready"), $"{redis.ProcessId}");
        await redis.RunAsync(Deadline.Generous);
    }
}
