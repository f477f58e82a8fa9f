using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

public sealed class UnitFileTests
{
    [Theory]
    [InlineData("gateway.service", "/usr/bin/gatewayd")]
    [InlineData("gateway-tunnel@.service", "/usr/bin/gateway")]
    public async Task Systemd_finds_no_fault_in_the_units(string unit, string program)
    {
        using var work = new TemporaryDirectory();
        // The programs are not installed on a build machine: verify the unit with the built one in their place.
        var built = program.EndsWith('d') ? Programs.Gatewayd : Programs.Gateway;
        var text = await File.ReadAllTextAsync(Path.Combine(Programs.Root, "systemd", unit));
        Assert.Contains($"ExecStart={program} ", text, StringComparison.Ordinal);
        var copy = work.File(unit.Replace("@", "@x", StringComparison.Ordinal));
        await File.WriteAllTextAsync(copy, text.Replace($"ExecStart={program} ", $"ExecStart={built} ", StringComparison.Ordinal));
        var ended = await Programs.RunAsync("systemd-analyze", ["verify", copy]);
        Assert.Equal((0, "", ""), (ended.Code, ended.Output, ended.Error));
    }
}
