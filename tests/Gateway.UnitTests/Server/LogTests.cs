using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Router;
using Gateway.Server.Logs;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Gateway.UnitTests.Server;

public sealed class LogTests : IDisposable
{
    private const string Hostile = "evil\n2026-01-01T00:00:00.000Z info: forged\u001b[2J";

    private readonly string _directory = Directory.CreateTempSubdirectory("gateway-log-").FullName;
    private readonly FakeTime _time = new();
    private readonly ConcurrentQueue<LogEntry> _written = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_line_for_people_is_one_line_whatever_a_visitor_wrote()
    {
        var line = Say(LogFormat.Human, log => RouterLog.VisitEnded(log, "8F3A0012000001", new IPEndPoint(IPAddress.Loopback, 7), Hostile, "10.0.0.1:443", VisitEnd.Finished, 12, 3, 4));
        Assert.Equal(
            "2026-01-01T01:00:00.000Z info: Gateway.Test[4001] TLS 8F3A0012000001 127.0.0.1:7 asked for evil 2026-01-01T00:00:00.000Z info: forged [2J via 10.0.0.1:443: Finished after 12 ms, 3 bytes to the upstream, 4 to the visitor\n",
            line);
    }

    [Fact]
    public void A_line_for_programs_is_one_JSON_object_with_every_field()
    {
        var line = Say(LogFormat.Json, log => RouterLog.VisitEnded(log, "8F3A0012000001", new IPEndPoint(IPAddress.Loopback, 7), Hostile, "10.0.0.1:443", VisitEnd.Finished, 12, 3, 4));
        Assert.Equal(1, line.Count(it => it == '\n'));
        var json = JsonNode.Parse(line)!;
        Assert.Equal(("information", "Gateway.Test", 4001, "VisitEnded"), (json["level"]!.ToString(), json["category"]!.ToString(), (int)json["event"]!, json["name"]!.ToString()));
        var fields = json["fields"]!;
        Assert.Equal(("8F3A0012000001", "127.0.0.1:7", Hostile, "Finished", 12), (fields["connection_id"]!.ToString(), fields["client"]!.ToString(), fields["host"]!.ToString(), fields["end"]!.ToString(), (int)fields["milliseconds"]!));
        Assert.Equal(8, fields.AsObject().Count);
    }

    [Fact]
    public void The_journal_gets_every_field_and_a_line_break_begins_no_other()
    {
        var path = Path.Combine(_directory, "journal");
        using var journald = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };
        journald.Bind(new UnixDomainSocketEndPoint(path));
        var spare = Say(LogFormat.Journal, log => RouterLog.VisitEnded(log, "8F3A0012000001", new IPEndPoint(IPAddress.Loopback, 7), "evil\nPRIORITY=0", "10.0.0.1:443", VisitEnd.Finished, 12, 3, 4), path);
        var datagram = new byte[64 * 1024];
        var fields = Decode(datagram.AsSpan(0, journald.Receive(datagram)));
        Assert.Equal("", spare);
        Assert.Equal(("6", "gatewayd", "4001", "VisitEnded"), (fields["PRIORITY"], fields["SYSLOG_IDENTIFIER"], fields["GATEWAY_EVENT"], fields["GATEWAY_EVENT_NAME"]));
        Assert.Equal(("8F3A0012000001", "evil\nPRIORITY=0", "12"), (fields["GATEWAY_CONNECTION_ID"], fields["GATEWAY_HOST"], fields["GATEWAY_MILLISECONDS"]));
        Assert.Contains("asked for evil\nPRIORITY=0 via", fields["MESSAGE"], StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_journal_its_stream_gets_the_priority()
    {
        var line = Say(LogFormat.Journal, log => RouterLog.TunnelRefused(log, null, "unknown\nsecret"), Path.Combine(_directory, "nobody"));
        Assert.Equal("<4>Gateway.Test[4005] A tunnel client from (null) was turned away: unknown secret\n", line);
    }

    [Theory]
    [InlineData("8:123", "socket:[123]", true)]
    [InlineData("8:123", "socket:[124]", false)]
    [InlineData("8:123", "/dev/null", false)]
    [InlineData(null, "socket:[123]", false)]
    [InlineData("", null, false)]
    public void The_journal_is_used_when_it_is_what_standard_error_leads_to(string? stream, string? standardError, bool isJournal) =>
        Assert.Equal(isJournal, Journal.IsConnected(stream, standardError));

    [Fact, Trait("adv", "O4")]
    public void Lines_of_one_kind_that_come_too_often_are_counted_and_hold_back_no_other_kind()
    {
        var limit = new LogLimit(100, _time);
        Assert.Equal(100, Enumerable.Range(0, 100_000).Count(_ => limit.Admits("a", 1)));
        Assert.True(limit.Admits("a", 2));
        Assert.True(limit.Admits("b", 1));
        Assert.Equal([("a", 1, 99_900L)], limit.TakeLeftOut());
        Assert.Empty(limit.TakeLeftOut());
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Equal(50, Enumerable.Range(0, 1_000).Count(_ => limit.Admits("a", 1)));
    }

    [Fact, Trait("adv", "O4")]
    public void A_reader_that_hangs_holds_nobody_up_and_what_found_no_room_is_told()
    {
        using var release = new ManualResetEventSlim();
        var writer = new LogWriter(new LogLimit(0, _time), entry => { release.Wait(TimeSpan.FromSeconds(60)); _written.Enqueue(entry); }, () => { }, wantsFields: false, TimeProvider.System);
        var log = writer.CreateLogger("Gateway.Test");
        // The test ends only because none of these waits.
        for (var i = 0; i < 50_000; i++) RouterLog.TunnelRefused(log, null, "flood");
        release.Set();
        writer.Dispose();
        // The thread may need longer than the bound of the farewell on a busy machine.
        SpinWait.SpinUntil(() => _written.Any(entry => entry.Event.Name == "LeftOut") && _written.Count > 10_000, TimeSpan.FromSeconds(60));
        var told = Assert.Single(_written, entry => entry.Event.Name == "LeftOut");
        Assert.Equal(50_000, _written.Count - 1 + (long)told.Fields[0].Value!);
        Assert.InRange(_written.Count, 10_001, 11_000);
    }

    private string Say(LogFormat format, Action<ILogger> say, string journal = "/nowhere")
    {
        var lines = new StringWriter { NewLine = "\n" };
        using (var writer = Logging.Writer(format, new LogLimit(0, _time), lines, journal, _time)) say(writer.CreateLogger("Gateway.Test"));
        return lines.ToString();
    }

    private static Dictionary<string, string> Decode(ReadOnlySpan<byte> entry)
    {
        var fields = new Dictionary<string, string>();
        while (!entry.IsEmpty)
        {
            var end = entry.IndexOf((byte)'\n');
            var line = Encoding.UTF8.GetString(entry[..end]);
            entry = entry[(end + 1)..];
            if (line.Split('=', 2) is [var name, var value])
            {
                fields.Add(name, value);
                continue;
            }

            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(entry);
            fields.Add(line, Encoding.UTF8.GetString(entry.Slice(8, length)));
            entry = entry[(8 + length + 1)..];
        }

        return fields;
    }
}
