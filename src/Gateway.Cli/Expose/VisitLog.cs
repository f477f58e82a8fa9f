using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Gateway.Transport;

namespace Gateway.Cli.Expose;

/// <summary>
/// A line for each visitor, with the id by which the gateway's log knows him. No visitor waits for whoever reads the lines: what finds no
/// room is left out, and the next line says how many were.
/// </summary>
internal sealed class VisitLog(TextWriter output, bool json, TimeProvider time, string service)
{
    /* A burst of a second. */
    private const int MostWaiting = 1_000;

    private readonly Channel<(string Line, DateTimeOffset At)> _lines = Channel.CreateBounded<(string, DateTimeOffset)>(MostWaiting);
    private long _leftOut;

    /// <summary>A visitor is gone. <paramref name="carried"/> null: the local service did not answer.</summary>
    public void Tell(VisitorOpening visitor, HostPort local, TimeSpan took, RelayResult? carried)
    {
        var end = carried?.End.ToString() ?? "LocalDown";
        var line = json
            ? Json(visitor, local, took, end, carried ?? default)
            : string.Create(CultureInfo.InvariantCulture, $"{(service.Length > 0 ? $"{service}: " : "")}visitor {(visitor.Id.Length > 0 ? visitor.Id : "-")} {Kind(visitor)} to {local}: {end} after {took.TotalMilliseconds:0} ms, {carried?.ToUpstream ?? 0} bytes in, {carried?.ToVisitor ?? 0} out");
        if (!_lines.Writer.TryWrite((line, time.GetUtcNow()))) Interlocked.Increment(ref _leftOut);
    }

    /// <summary>Writes until <see cref="Close"/>.</summary>
    public async Task RunAsync()
    {
        await foreach (var (line, at) in _lines.Reader.ReadAllAsync())
        {
            if (Interlocked.Exchange(ref _leftOut, 0) is > 0 and var leftOut) await output.WriteLineAsync(LeftOut(leftOut, at));
            await output.WriteLineAsync(line);
            await output.FlushAsync();
        }
    }

    /// <summary>Takes no more; what waits is still written.</summary>
    public void Close() => _lines.Writer.TryComplete();

    private string LeftOut(long count, DateTimeOffset at) => json
        ? new JsonObject { ["time"] = Text(at), ["event"] = "visits_left_out", ["count"] = count }.ToJsonString()
        : string.Create(CultureInfo.InvariantCulture, $"{count} visitors were not told, for too many lines waited");

    private string Json(VisitorOpening visitor, HostPort local, TimeSpan took, string end, RelayResult carried)
    {
        var line = new JsonObject { ["time"] = Text(time.GetUtcNow()), ["event"] = "visit", ["subject"] = local.ToString(), ["kind"] = Kind(visitor), ["end"] = end };
        if (visitor.Id.Length > 0) line["id"] = visitor.Id;
        if (service.Length > 0) line["service"] = service;
        line["milliseconds"] = Math.Round(took.TotalMilliseconds);
        (line["bytes_in"], line["bytes_out"]) = (carried.ToUpstream, carried.ToVisitor);
        return line.ToJsonString();
    }

    private static string Kind(VisitorOpening visitor) => visitor.IsTls ? "tls" : "http";

    private static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}
