using System.ComponentModel;

namespace Gateway.Transport.Native;

/// <summary>The errno values we decide about, and words for all of them.</summary>
internal static class Errors
{
    public const int Interrupted = 4;
    public const int TryAgain = 11;

    /// <summary>EBADF: we have closed it ourselves.</summary>
    public const int Closed = 9;

    /// <summary>EMFILE: this process has as many descriptors as it may.</summary>
    public const int TooManyHere = 24;

    public const int InProgress = 115;

    /// <summary>ENFILE: the machine has as many as it may.</summary>
    public const int TooManyAnywhere = 23;

    public const int NoMemory = 12;
    public const int NoBuffers = 105;

    /// <summary>The failure of a call that gave a negative errno.</summary>
    public static IOException ToException(int negative, string? prefix = null)
    {
        var words = negative == -Closed ? "we have closed the connection" : new Win32Exception(-negative).Message;
        return new IOException(prefix is null ? words : $"{prefix}: {words}");
    }
}
