using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Gateway.EndToEndTests.Support;

namespace Gateway.EndToEndTests.Recursors;

/// <summary>
/// A network namespace with nothing but a loopback of its own: every server in it can have port 53, at an address of its own in
/// 127.0.0.0/8. It owns the programs in it and ends them, whatever became of the test.
/// </summary>
internal sealed partial class PrivateNetwork : IAsyncDisposable
{
    private const int OfNetworks = 0x40000000; // CLONE_NEWNET

    private readonly string _name = $"gateway-{Guid.NewGuid():N}"[..20];
    private readonly List<BackgroundProgram> _programs = [];

    private PrivateNetwork()
    {
    }

    /// <summary>As `ip netns` knows it.</summary>
    public string Name => _name;

    /// <summary>What every program in it printed, for the report of a failure.</summary>
    public string Log => string.Join("\n----\n", _programs.Select(program => program.Output));

    /// <summary>Makes it. Fails, and says why, on a machine where that is not allowed: a proof that was not run is none.</summary>
    public static async Task<PrivateNetwork> CreateAsync()
    {
        var network = new PrivateNetwork();
        var made = await Programs.RunAsync("ip", ["netns", "add", network._name]);
        if (made.Code != 0)
            throw new InvalidOperationException($"No network namespace can be made on this machine, and the tests with real recursors need one: run them as root, with CAP_SYS_ADMIN. `ip netns add` said: {made.Error}");
        try
        {
            await network.MustAsync("ip", "link", "set", "lo", "up");
            return network;
        }
        catch (Exception)
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>A socket for TCP over IPv4 in it, which this process may use from any thread.</summary>
    public Socket NewSocket()
    {
        // A thread stays where it went, and a socket where it was made.
        Socket? made = null;
        Exception? fault = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var network = File.OpenHandle($"/run/netns/{_name}");
                if (setns(network, OfNetworks) != 0) throw new Win32Exception();
                made = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            }
            catch (Exception e) when (e is Win32Exception or IOException)
            {
                fault = e;
            }
        });
        thread.Start();
        thread.Join();
        return made ?? throw new IOException($"No socket can be made in {_name}.", fault);
    }

    /// <summary>Starts a program in it, which runs until the network goes.</summary>
    public BackgroundProgram Start(string program, params string[] arguments)
    {
        var started = new BackgroundProgram("ip", ["netns", "exec", _name, program, .. arguments]);
        _programs.Add(started);
        return started;
    }

    /// <summary>Runs a program in it to its end.</summary>
    public Task<Ended> RunAsync(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? variables = null) =>
        Programs.RunAsync("ip", ["netns", "exec", _name, program, .. arguments], variables);

    /// <summary>Runs a program in it that has to succeed, and gives what it printed.</summary>
    public async Task<string> MustAsync(string program, params string[] arguments)
    {
        var ended = await RunAsync(program, arguments);
        return ended.Code == 0 ? ended.Output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {ended.Code}: {ended.Output}{ended.Error}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var program in _programs) await program.DisposeAsync();
        // Children that left their parents behind.
        var left = await Programs.RunAsync("ip", ["netns", "pids", _name]);
        if (left.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } pids) await Programs.RunAsync("kill", ["-KILL", .. pids]);
        await Programs.RunAsync("ip", ["netns", "del", _name]);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(SafeHandle network, int kind);
}
