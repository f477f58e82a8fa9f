using System.Globalization;
using System.Text.RegularExpressions;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>The units that the packages install.</summary>
[Trait("adv", "O7")]
public sealed partial class UnitFileTests
{
    private const double MostExposed = 2.0;

    private static IEnumerable<string> Units => Directory.EnumerateFiles(Path.Combine(Programs.Root, "systemd")).Select(file => Path.GetFileName(file)!);

    public static TheoryData<string> Services => [.. Units.Where(unit => unit.EndsWith(".service", StringComparison.Ordinal))];

    [Fact]
    public async Task Systemd_finds_no_fault_in_the_units()
    {
        using var work = new TemporaryDirectory();
        foreach (var unit in Units)
        {
            // The programs are not installed on a build machine: verify the units with the built ones in their place.
            var text = await File.ReadAllTextAsync(Path.Combine(Programs.Root, "systemd", unit), TestContext.Current.CancellationToken);
            text = text.Replace("ExecStart=/usr/bin/gatewayd ", $"ExecStart={Programs.Gatewayd} ", StringComparison.Ordinal);
            text = text.Replace("ExecStart=/usr/bin/gateway ", $"ExecStart={Programs.Gateway} ", StringComparison.Ordinal);
            await File.WriteAllTextAsync(work.File(unit), text, TestContext.Current.CancellationToken);
        }

        var ended = await Programs.RunAsync("systemd-analyze", ["verify", "--man=no", .. Units.Select(unit => work.File(unit.Replace("@.", "@x.", StringComparison.Ordinal)))]);
        Assert.Equal((0, "", ""), (ended.Code, ended.Output, ended.Error));
    }

    [Theory]
    [MemberData(nameof(Services))]
    public async Task A_service_may_do_little_beyond_its_work(string unit)
    {
        var ended = await Programs.RunAsync("systemd-analyze", ["security", "--offline=true", "--no-pager", Path.Combine(Programs.Root, "systemd", unit)]);
        var exposed = double.Parse(Exposure().Match(ended.Output).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(exposed, 0, MostExposed);
    }

    [Theory]
    [MemberData(nameof(Services))]
    public async Task Only_what_listens_below_1024_has_a_capability(string unit)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Programs.Root, "systemd", unit), TestContext.Current.CancellationToken);
        var expected = unit is "gateway.service" or "gateway-dns.service" or "gateway-router.service" ? "CAP_NET_BIND_SERVICE" : "";
        Assert.Contains($"\nCapabilityBoundingSet={expected}\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("User=root", text, StringComparison.Ordinal);
    }

    /// <summary>Whose work it is to know the addresses of the machine asks the kernel for them by netlink.</summary>
    [Theory]
    [InlineData("gateway.service")]
    [InlineData("gateway-dns.service")]
    [InlineData("gateway-reconciler.service")]
    [InlineData("gateway-router.service")]
    [InlineData("gateway-tunnel@.service")]
    public async Task What_must_know_the_machines_addresses_may_ask_for_them(string unit)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Programs.Root, "systemd", unit), TestContext.Current.CancellationToken);
        Assert.Contains("\nRestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK\n", text, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"Overall exposure level for \S+: ([0-9.]+)")]
    private static partial Regex Exposure();
}
