using System.Net;
using System.Text;
using Gateway.Transport.Native;
using Xunit;

namespace Gateway.IntegrationTests.Transport;

/// <summary>What stays on the machine is sent without pacing; the rest as the operator has set the system.</summary>
public sealed class PacingTests
{
    private const int TcpLevel = 6;
    private const int CongestionOption = 13;

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", true)]
    [InlineData("::1", "::1", true)]
    [InlineData("192.0.2.7", "192.0.2.7", true)]
    [InlineData("192.0.2.7", "192.0.2.8", false)]
    [InlineData("2001:db8::7", "2001:db8::8", false)]
    public void A_connection_to_ourselves_stays_within_the_machine(string local, string peer, bool isWithin) =>
        Assert.Equal(isWithin, Pacing.IsWithinMachine(IPAddress.Parse(local), IPAddress.Parse(peer)));

    [Fact]
    public async Task A_paced_socket_to_this_machine_is_paced_no_more()
    {
        var available = await File.ReadAllTextAsync("/proc/sys/net/ipv4/tcp_available_congestion_control", TestContext.Current.CancellationToken);
        Assert.SkipUnless(available.Split(' ', '\n').Contains("bbr"), "The kernel has no BBR.");
        var (far, near) = await Loopback.PairAsync();
        using var farEnd = far;
        await using var nearEnd = near;
        far.SetRawSocketOption(TcpLevel, CongestionOption, "bbr"u8);
        Assert.True(Pacing.IsPaced(far.SafeHandle));
        Pacing.Spare(far.SafeHandle);
        Assert.False(Pacing.IsPaced(far.SafeHandle));
    }

    [Fact]
    public async Task Another_choice_of_the_operator_stays()
    {
        var (far, near) = await Loopback.PairAsync();
        using var farEnd = far;
        await using var nearEnd = near;
        far.SetRawSocketOption(TcpLevel, CongestionOption, "cubic"u8);
        Pacing.Spare(far.SafeHandle);
        var name = new byte[16];
        far.GetRawSocketOption(TcpLevel, CongestionOption, name);
        Assert.Equal("cubic", Encoding.ASCII.GetString(name).TrimEnd('\0'));
    }
}
