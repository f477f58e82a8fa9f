using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Gateway.EndToEndTests.Recursors;
using Microsoft.Win32.SafeHandles;

namespace Gateway.EndToEndTests.Support;

/// <summary>One end of a line that this process carries: a network's device whose frames come here, and go out from here.</summary>
internal sealed partial class TapDevice : IDisposable
{
    // From linux/if_tun.h and linux/if.h.
    private const nuint SetInterface = 0x400454ca;
    private const short TapWithoutHeader = 0x1002;
    private const int NameLength = 16;
    private const int RequestLength = 40;

    private const short Readable = 1;

    private readonly SafeFileHandle _frames;

    private TapDevice(SafeFileHandle frames) => _frames = frames;

    /// <summary>Makes one, which goes with this process at the latest, and gives it to a network under a name.</summary>
    public static async Task<TapDevice> CreateAsync(PrivateNetwork network, string name)
    {
        var here = $"gw{Guid.NewGuid():N}"[..(NameLength - 1)];
        var device = new TapDevice(Open(here));
        try
        {
            var moved = await Programs.RunAsync("ip", ["link", "set", here, "netns", network.Name, "name", name]);
            return moved.Code == 0 ? device : throw new InvalidOperationException($"ip link set: {moved.Error}");
        }
        catch (Exception)
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>True when a frame is there before so many milliseconds are over.</summary>
    public unsafe bool Waits(int milliseconds)
    {
        var wanted = new Wanted { Descriptor = (int)_frames.DangerousGetHandle(), Events = Readable };
        return poll(&wanted, 1, milliseconds) > 0 && (wanted.Happened & Readable) != 0;
    }

    /// <summary>Takes a frame that is there: its length, or less than 1 when there is none after all.</summary>
    public unsafe int Read(Span<byte> frame)
    {
        fixed (byte* at = frame) return (int)read(_frames, at, (nuint)frame.Length);
    }

    /// <summary>Sends a frame; one for which there is no room, or no device any more, is lost.</summary>
    public unsafe void Write(ReadOnlySpan<byte> frame)
    {
        fixed (byte* at = frame) _ = write(_frames, at, (nuint)frame.Length);
    }

    public void Dispose() => _frames.Dispose();

    private static unsafe SafeFileHandle Open(string name)
    {
        var frames = File.OpenHandle("/dev/net/tun", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var request = stackalloc byte[RequestLength];
        Encoding.ASCII.GetBytes(name, new Span<byte>(request, NameLength));
        *(short*)(request + NameLength) = TapWithoutHeader;
        if (ioctl(frames, SetInterface, request) == 0) return frames;
        var fault = new Win32Exception();
        frames.Dispose();
        throw fault;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int ioctl(SafeHandle device, nuint request, byte* argument);

    [LibraryImport("libc")]
    private static unsafe partial int poll(Wanted* wanted, nuint count, int milliseconds);

    [LibraryImport("libc")]
    private static unsafe partial nint read(SafeHandle device, byte* frame, nuint length);

    [LibraryImport("libc")]
    private static unsafe partial nint write(SafeHandle device, byte* frame, nuint length);

    [StructLayout(LayoutKind.Sequential)]
    private struct Wanted
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }
}
