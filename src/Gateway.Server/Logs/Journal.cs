using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Gateway.Server.Logs;

/// <summary>
/// The journal's native protocol (systemd, JOURNAL_NATIVE_PROTOCOL): one datagram for each entry, a field a line, and fields with line
/// breaks in them by their length.
/// </summary>
internal sealed class Journal(string path) : IDisposable
{
    /// <summary>Where journald listens.</summary>
    public const string DefaultPath = "/run/systemd/journal/socket";

    /* A datagram of many such values still fits what Linux lets a socket send. */
    private const int LongestValue = 8 * 1024;

    /* journald is told to go on without us when it hangs. */
    private const int PatienceMilliseconds = 500;

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = PatienceMilliseconds };

    /// <summary>True when systemd connected this process's standard error with the journal (systemd.exec(5), JOURNAL_STREAM).</summary>
    /// <param name="stream">The variable: device and inode.</param>
    /// <param name="standardError">What standard error is, as <c>/proc/self/fd/2</c> says: <c>socket:[inode]</c>.</param>
    public static bool IsConnected(string? stream, string? standardError) =>
        stream?.Split(':') is [_, var inode] && standardError == $"socket:[{inode}]";

    /// <summary>Writes an entry. False: nobody takes it.</summary>
    public bool TryWrite(LogEntry entry)
    {
        try
        {
            _socket.SendTo(Encode(entry), new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            // Not there, restarting, or stuck: the caller has another way.
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    /// <summary>The datagram.</summary>
    public static byte[] Encode(LogEntry entry)
    {
        using var bytes = new MemoryStream();
        Add(bytes, "MESSAGE", entry.Message);
        Add(bytes, "PRIORITY", LogEntry.Text(LogLines.Priority(entry.Level)));
        Add(bytes, "SYSLOG_IDENTIFIER", "gatewayd");
        Add(bytes, "GATEWAY_CATEGORY", entry.Category);
        Add(bytes, "GATEWAY_EVENT", LogEntry.Text(entry.Event.Id));
        if (entry.Event.Name is { Length: > 0 } name) Add(bytes, "GATEWAY_EVENT_NAME", name);
        foreach (var (field, value) in entry.Fields) Add(bytes, "GATEWAY_" + LogLines.Snake(field).ToUpperInvariant(), LogEntry.Text(value));
        if (entry.Exception is { } exception) Add(bytes, "GATEWAY_EXCEPTION", exception);
        return bytes.ToArray();
    }

    private static void Add(MemoryStream bytes, string name, string value)
    {
        var text = Encoding.UTF8.GetBytes(value);
        var kept = text.AsSpan(0, Math.Min(text.Length, LongestValue));
        bytes.Write(Encoding.ASCII.GetBytes(name));
        if (kept.IndexOf((byte)'\n') >= 0)
        {
            Span<byte> length = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)kept.Length);
            bytes.WriteByte((byte)'\n');
            bytes.Write(length);
        }
        else
        {
            bytes.WriteByte((byte)'=');
        }

        bytes.Write(kept);
        bytes.WriteByte((byte)'\n');
    }
}
