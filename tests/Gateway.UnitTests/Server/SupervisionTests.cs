using System.Collections;
using Gateway.Server;
using Gateway.Server.Logs;
using Gateway.Server.Options;
using Gateway.Transport;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.UnitTests.Server;

public sealed class SupervisionTests
{
    [Fact]
    public void A_watchdog_is_fed_twice_as_often_as_it_asks()
    {
        var ours = new Hashtable { ["NOTIFY_SOCKET"] = "/run/x", ["WATCHDOG_USEC"] = "30000000" };
        Assert.Equal(TimeSpan.FromSeconds(15), ServiceNotification.From(ours).WatchdogPeriod);
    }

    [Theory]
    [InlineData("0", null)]
    [InlineData("-5", null)]
    [InlineData("many", null)]
    [InlineData("30000000", "1")]
    public void A_watchdog_that_is_not_ours_or_makes_no_sense_is_not_fed(string microseconds, string? pid)
    {
        var variables = new Hashtable { ["WATCHDOG_USEC"] = microseconds };
        if (pid is not null) variables["WATCHDOG_PID"] = pid;
        Assert.Null(ServiceNotification.From(variables).WatchdogPeriod);
    }

    [Fact]
    public void A_threshold_holds_back_the_web_servers_chatter_at_every_level()
    {
        var threshold = new LogThreshold(LogLevel.Debug);
        Assert.True(threshold.Passes("Gateway.Router", LogLevel.Debug));
        Assert.False(threshold.Passes("Microsoft.AspNetCore.Hosting", LogLevel.Information));
        threshold.Level = LogLevel.Error;
        Assert.False(threshold.Passes("Microsoft.AspNetCore.Hosting", LogLevel.Warning));
        Assert.False(threshold.Passes("Gateway.Router", LogLevel.Warning));
    }

    [Fact]
    public void A_reload_takes_the_log_level_from_where_it_was_read_first()
    {
        var running = new Configuration();
        var threshold = new LogThreshold(running.Node.LogLevel);
        new Reload(running, ["--log-level", "error"], new Hashtable(), threshold, NullLogger<Reload>.Instance).Run();
        Assert.Equal((LogLevel.Error, LogLevel.Error), (threshold.Level, running.Node.LogLevel));
    }

    [Fact]
    public void A_reload_leaves_alone_what_needs_a_restart()
    {
        var running = new Configuration();
        new Reload(running, ["--domains", "gw.example.com", "--nameservers", "ns1.example.com"], new Hashtable(), new LogThreshold(LogLevel.Information), NullLogger<Reload>.Instance).Run();
        Assert.Empty(running.Node.Domains);
    }

    [Fact]
    public void Every_option_that_a_reload_takes_exists() => Assert.All(Reload.Taken, path => Assert.NotNull(new Configuration().Table.Find(path)));
}
