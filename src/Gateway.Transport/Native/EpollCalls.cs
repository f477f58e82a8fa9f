using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Gateway.Transport.Native;

/// <summary>What a descriptor is ready for (epoll_ctl(2)).</summary>
[Flags]
internal enum Ready : uint
{
    None = 0,
    Read = 0x1,
    Write = 0x4,
    Error = 0x8,
    HungUp = 0x10,
    PeerEnded = 0x2000,

    /// <summary>Of several epoll instances that wait for the same thing, one is woken, not all.</summary>
    Exclusive = 1u << 28,

    EdgeTriggered = 1u << 31,
}

/// <summary>The events of one wait: the kernel packs the structure on x86-64 and nowhere else.</summary>
internal sealed class EpollEvents(int most)
{
    private static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int TagOffset = Stride - sizeof(ulong);

    private readonly byte[] _bytes = GC.AllocateArray<byte>(most * Stride, pinned: true);

    public int Most => most;

    public Span<byte> Bytes => _bytes;

    public (Ready Ready, ulong Tag) this[int index] => (
        (Ready)BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(index * Stride)),
        BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan((index * Stride) + TagOffset)));

    /// <summary>Writes one event, to hand to the kernel.</summary>
    public static void Write(Span<byte> into, Ready ready, ulong tag)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(into, (uint)ready);
        BinaryPrimitives.WriteUInt64LittleEndian(into[TagOffset..], tag);
    }
}

/// <summary>epoll and eventfd. Counts, or a negative errno.</summary>
internal static unsafe partial class EpollCalls
{
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int OpAdd = 1;
    private const int OpDelete = 2;
    private const int OpModify = 3;

    /// <exception cref="IOException">No descriptor is left.</exception>
    public static Descriptor Create() => Checked(epoll_create1(CloseOnExec));

    /// <exception cref="IOException">No descriptor is left.</exception>
    public static Descriptor CreateBell() => Checked(eventfd(0, CloseOnExec | NonBlocking));

    public static int Add(Descriptor epoll, SafeHandle descriptor, Ready ready, ulong tag) => Control(epoll, OpAdd, descriptor, ready, tag);

    /// <summary>Changes what is waited for; what is ready already is told anew.</summary>
    public static int Change(Descriptor epoll, SafeHandle descriptor, Ready ready, ulong tag) => Control(epoll, OpModify, descriptor, ready, tag);

    private static int Control(Descriptor epoll, int operation, SafeHandle descriptor, Ready ready, ulong tag)
    {
        Span<byte> wanted = stackalloc byte[16];
        EpollEvents.Write(wanted, ready, tag);
        fixed (byte* at = wanted)
            return epoll_ctl(epoll, operation, descriptor, at) == 0 ? 0 : -Marshal.GetLastPInvokeError();
    }

    public static void Remove(Descriptor epoll, SafeHandle descriptor)
    {
        Span<byte> ignored = stackalloc byte[16];
        fixed (byte* at = ignored) _ = epoll_ctl(epoll, OpDelete, descriptor, at);
    }

    /// <summary>Waits for events, at most so many milliseconds; -1: without end.</summary>
    public static int Wait(Descriptor epoll, EpollEvents events, int milliseconds)
    {
        fixed (byte* at = events.Bytes)
        {
            var count = epoll_wait(epoll, at, events.Most, milliseconds);
            return count >= 0 ? count : -Marshal.GetLastPInvokeError();
        }
    }

    public static void Ring(Descriptor bell)
    {
        ulong one = 1;
        _ = write(bell, &one, sizeof(ulong));
    }

    public static void Silence(Descriptor bell)
    {
        ulong ignored;
        _ = read(bell, &ignored, sizeof(ulong));
    }

    private static Descriptor Checked(Descriptor descriptor) =>
        descriptor.IsInvalid ? throw Errors.ToException(-Marshal.GetLastPInvokeError()) : descriptor;

    [LibraryImport("libc", SetLastError = true)]
    private static partial Descriptor epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial Descriptor eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(Descriptor epoll, int operation, SafeHandle descriptor, byte* wanted);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(Descriptor epoll, byte* events, int most, int milliseconds);

    [LibraryImport("libc")]
    private static partial nint write(Descriptor descriptor, ulong* value, nuint length);

    [LibraryImport("libc")]
    private static partial nint read(Descriptor descriptor, ulong* value, nuint length);
}
