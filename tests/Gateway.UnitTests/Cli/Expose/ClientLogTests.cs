using System.Text.Json;
using Gateway.Cli.Expose;
using Xunit;

namespace Gateway.UnitTests.Cli.Expose;

public sealed class ClientLogTests
{
    private static readonly HostPort Gateway = new("gw1", 18000);

    [Fact]
    public void What_is_no_news_is_not_said_again()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var log = new ClientLog(output, json: false, new FakeTime());
        log.TellIfKnown("local", new ClientEvent("local_up", Gateway, "up"));
        log.Tell("link", new ClientEvent("disconnected", Gateway, "refused", TimeSpan.Zero));
        log.Tell("link", new ClientEvent("disconnected", Gateway, "refused", TimeSpan.FromSeconds(1)));
        log.Tell("link", new ClientEvent("connected", Gateway, "connected"));
        log.Tell("link", new ClientEvent("disconnected", Gateway, "refused", TimeSpan.FromSeconds(1.25)));
        Assert.Equal("gw1:18000: refused; trying again at once\ngw1:18000: connected\ngw1:18000: refused; next try in 1.3 s\n", output.ToString());
    }

    [Fact]
    public void Programs_get_one_json_value_per_line()
    {
        using var output = new StringWriter();
        new ClientLog(output, json: true, new FakeTime()).Tell("link", new ClientEvent("disconnected", Gateway, "lost", TimeSpan.FromSeconds(0.5)));
        using var line = JsonDocument.Parse(output.ToString());
        Assert.Equal("disconnected", line.RootElement.GetProperty("event").GetString());
        Assert.Equal(0.5, line.RootElement.GetProperty("retry_seconds").GetDouble());
    }
}
