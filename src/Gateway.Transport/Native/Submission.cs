using System.Runtime.InteropServices;

namespace Gateway.Transport.Native;

/// <summary>
/// Sends to many sockets by one system call: io_submit(2), as Linux has it for files. A socket that never blocks is written to at
/// once, and so is through when the call returns. One thread uses it.
/// </summary>
internal sealed unsafe partial class Submission
{
    /// <summary>What <see cref="Send"/> says of an entry that the kernel did not even look at.</summary>
    public const int Untouched = int.MinValue;

    // struct iocb and struct io_event (linux/aio_abi.h).
    private const int BlockSize = 64;
    private const int EventSize = 32;
    private const int OperationOffset = 16;
    private const int DescriptorOffset = 20;
    private const int BytesOffset = 24;
    private const int LengthOffset = 32;
    private const int ResultOffset = 16;
    private const ushort Write = 1;

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
    private static readonly nint Setup = IsArm ? 0 : 206;
    private static readonly nint GetEvents = IsArm ? 4 : 208;
    private static readonly nint Submit = IsArm ? 2 : 209;

    private readonly nint _context;
    private readonly byte[] _blocks;
    private readonly nint[] _pointers;
    private readonly byte[] _events;
    private int _count;

    private Submission(nint context, int most)
    {
        _context = context;
        _blocks = GC.AllocateArray<byte>(most * BlockSize, pinned: true);
        _pointers = GC.AllocateArray<nint>(most, pinned: true);
        _events = GC.AllocateArray<byte>(most * EventSize, pinned: true);
    }

    /// <summary>One for so many sends at a time, which lasts as long as the process; null where the system has none for us, as in some containers.</summary>
    public static Submission? TryOpen(int most)
    {
        if (RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64)) return null;
        nint context = 0;
        return syscall(Setup, most, (nint)(&context), 0, 0, 0) == 0 ? new Submission(context, most) : null;
    }

    /// <summary>Adds a send to the next <see cref="Send"/>, which says by <paramref name="tag"/> what became of it. The bytes are pinned and stay until then; the socket never blocks.</summary>
    public void Add(int tag, int socket, ReadOnlySpan<byte> pinned)
    {
        var block = _blocks.AsSpan(_count * BlockSize, BlockSize);
        MemoryMarshal.Write(block, (long)tag);
        MemoryMarshal.Write(block[OperationOffset..], Write);
        MemoryMarshal.Write(block[DescriptorOffset..], socket);
        fixed (byte* at = pinned) MemoryMarshal.Write(block[BytesOffset..], (ulong)at);
        MemoryMarshal.Write(block[LengthOffset..], (ulong)pinned.Length);
        fixed (byte* at = block) _pointers[_count++] = (nint)at;
    }

    /// <summary>Sends all that was added. By tag: how many bytes were taken, a negative errno, or <see cref="Untouched"/>.</summary>
    public void Send(Span<int> results)
    {
        results.Fill(Untouched);
        nint submitted;
        fixed (nint* pointers = _pointers) submitted = syscall(Submit, _context, _count, (nint)pointers, 0, 0);
        _count = 0;
        while (submitted > 0) submitted -= Collect(submitted, results);
    }

    private nint Collect(nint submitted, Span<int> results)
    {
        fixed (byte* events = _events)
        {
            var done = syscall(GetEvents, _context, submitted, submitted, (nint)events, 0);
            for (var i = 0; i < done; i++) results[(int)*(long*)(events + (i * EventSize))] = (int)*(long*)(events + (i * EventSize) + ResultOffset);
            // Interrupted before it had looked: the next look finds what is there.
            return Math.Max(0, done);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint first, nint second, nint third, nint fourth, nint fifth);
}
