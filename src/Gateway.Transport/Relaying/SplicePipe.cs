using Gateway.Transport.Native;

namespace Gateway.Transport.Relaying;

/// <summary>A kernel pipe between two sockets, and how much waits in it.</summary>
internal sealed class SplicePipe
{
    // What unprivileged processes may have; the kernel gives less when the user's pipes together are too large.
    private const int Wished = 1 << 20;

    // Below this a copy through memory is as good.
    private const int Least = 64 * 1024;

    private readonly int _readEnd;
    private readonly int _writeEnd;
    private readonly int _size;

    private SplicePipe(int readEnd, int writeEnd, int size) => (_readEnd, _writeEnd, _size) = (readEnd, writeEnd, size);

    /// <summary>How many bytes wait in it.</summary>
    public int Waiting { get; private set; }

    /// <summary>How many more it may take.</summary>
    public int Room => _size - Waiting;

    /// <summary>A new one; null when the system has none for us.</summary>
    public static SplicePipe? Open()
    {
        if (!SpliceCalls.TryOpenPipe(Wished, out var readEnd, out var writeEnd, out var size)) return null;
        var pipe = new SplicePipe(readEnd, writeEnd, size);
        if (size >= Least) return pipe;
        pipe.Close();
        return null;
    }

    /// <summary>Takes what the socket has: a count, 0 at its end, or a negative errno.</summary>
    public int Fill(int socket)
    {
        var moved = SpliceCalls.Splice(socket, _writeEnd, Room);
        Waiting += Math.Max(0, moved);
        return moved;
    }

    /// <summary>Gives the socket what it takes: a count, or a negative errno.</summary>
    public int Drain(int socket)
    {
        var moved = SpliceCalls.Splice(_readEnd, socket, Waiting);
        Waiting -= Math.Max(0, moved);
        return moved;
    }

    /// <summary>Closes both ends; what waits is lost.</summary>
    public void Close()
    {
        SpliceCalls.Close(_readEnd);
        SpliceCalls.Close(_writeEnd);
    }
}
