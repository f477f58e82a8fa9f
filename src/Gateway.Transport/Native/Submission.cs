using System.Runtime.InteropServices;

namespace Gateway.Transport.Native;

/// <summary>
/// Reads from many sockets, or sends to them, by one system call: io_submit(2), as Linux has it for files. A socket that never blocks
/// is read or written at once, and so is through when the call returns. One thread uses it.
/// </summary>
internal sealed unsafe partial class Submission
{
    /// <summary>What <see cref="Run"/> says of an entry that the kernel did not even look at.</summary>
    public const int Untouched = int.MinValue;

    // struct iocb and struct io_event (linux/aio_abi.h).
    private const int BlockSize = 64;
    private const int EventSize = 32;
    private const int OperationOffset = 16;
    private const int DescriptorOffset = 20;
    private const int BytesOffset = 24;
    private const int LengthOffset = 32;
    private const int ResultOffset = 16;
    private const ushort Read = 0;
    private const ushort Write = 1;

    // struct aio_ring (fs/aio.c), at the address that is the context: the kernel's place for events, which a reader may empty by itself.
    private const int LengthOfRingOffset = 4;
    private const int HeadOffset = 8;
    private const int TailOffset = 12;
    private const int MagicOffset = 16;
    private const int IncompatibleOffset = 24;
    private const int HeaderOffset = 28;
    private const uint Magic = 0xa10a10a1;

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

    /// <summary>One for so many entries at a time, which lasts as long as the process; null where the system has none for us, as in some containers.</summary>
    public static Submission? TryOpen(int most)
    {
        if (RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64)) return null;
        nint context = 0;
        return syscall(Setup, most, (nint)(&context), 0, 0, 0) == 0 ? new Submission(context, most) : null;
    }

    /// <summary>How many entries were added.</summary>
    public int Count => _count;

    /// <summary>Forgets what was added.</summary>
    public void Clear() => _count = 0;

    /// <summary>Adds a receive to the next <see cref="Run"/>, which says by <paramref name="tag"/> what became of it. The room is pinned and stays until then; the socket never blocks.</summary>
    public void AddReceive(int tag, int socket, Span<byte> pinned) => Add(tag, socket, pinned, Read);

    /// <summary>The same for a send.</summary>
    public void AddSend(int tag, int socket, ReadOnlySpan<byte> pinned) => Add(tag, socket, pinned, Write);

    /// <summary>Does all that was added. By tag: how many bytes were moved, a negative errno, or <see cref="Untouched"/>.</summary>
    public void Run(Span<int> results)
    {
        results.Fill(Untouched);
        nint submitted;
        fixed (nint* pointers = _pointers) submitted = syscall(Submit, _context, _count, (nint)pointers, 0, 0);
        _count = 0;
        if (submitted > 0) submitted -= Reap(results);
        while (submitted > 0) submitted -= Collect(submitted, results);
    }

    private void Add(int tag, int socket, ReadOnlySpan<byte> pinned, ushort operation)
    {
        var block = _blocks.AsSpan(_count * BlockSize, BlockSize);
        MemoryMarshal.Write(block, (long)tag);
        MemoryMarshal.Write(block[OperationOffset..], operation);
        MemoryMarshal.Write(block[DescriptorOffset..], socket);
        fixed (byte* at = pinned) MemoryMarshal.Write(block[BytesOffset..], (ulong)at);
        MemoryMarshal.Write(block[LengthOffset..], (ulong)pinned.Length);
        fixed (byte* at = block) _pointers[_count++] = (nint)at;
    }

    // What the kernel has written into its ring, without asking it once more; where the ring is another one, it is asked.
    private nint Reap(Span<int> results)
    {
        var ring = (byte*)_context;
        if (*(uint*)(ring + MagicOffset) != Magic || *(uint*)(ring + IncompatibleOffset) != 0) return 0;
        var length = *(uint*)(ring + LengthOfRingOffset);
        var events = ring + *(uint*)(ring + HeaderOffset);
        var head = *(uint*)(ring + HeadOffset);
        var tail = Volatile.Read(ref *(uint*)(ring + TailOffset));
        var done = 0;
        for (; head != tail; done++)
        {
            var at = events + (head * EventSize);
            results[(int)*(long*)at] = (int)*(long*)(at + ResultOffset);
            head = head + 1 == length ? 0 : head + 1;
        }
        Volatile.Write(ref *(uint*)(ring + HeadOffset), head);
        return done;
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
