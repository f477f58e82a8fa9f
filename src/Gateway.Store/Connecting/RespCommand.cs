using System.Globalization;
using System.Text;

namespace Gateway.Store.Connecting;

/// <summary>A command as the wire wants it (Redis serialization protocol, arrays of bulk strings).</summary>
internal static class RespCommand
{
    /// <summary>The command and its arguments as text; UTF-8 gives the wire bytes.</summary>
    internal static string Encode(params ReadOnlySpan<string> parts)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"*{parts.Length}\r\n");
        foreach (var part in parts)
            text.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(part)}\r\n{part}\r\n");
        return text.ToString();
    }
}
