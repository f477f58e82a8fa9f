using System.Net;
using System.Net.Sockets;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>What lies where the node was started is no business of the node's: its settings come from its options alone.</summary>
public sealed class WorkingDirectoryTests
{
    [Fact]
    public async Task Settings_that_lie_in_the_working_directory_are_not_read_and_its_files_not_watched()
    {
        using var work = new TemporaryDirectory();
        var port = FreePort();
        Directory.CreateDirectory(work.File("elsewhere/deep"));
        await File.WriteAllTextAsync(work.File("elsewhere/appsettings.json"), $$"""{ "Kestrel": { "Endpoints": { "Other": { "Url": "http://127.0.0.1:{{port}}" } } } }""", TestContext.Current.CancellationToken);
        string[] there = ["env", "--chdir", work.File("elsewhere"), $"ASPNETCORE_URLS=http://127.0.0.1:{port}", $"DOTNET_URLS=http://127.0.0.1:{port}"];
        await using var node = await RunningNode.StartUnderAsync(there, work.File("state"));
        Assert.Equal(200, (await node.AdminAsync("/healthz")).Status);
        Assert.False(IsOpen(port));
        Assert.Empty(Watched(node.ProcessId));
    }

    // proc(5): each thing that an inotify descriptor watches is a line of its fdinfo.
    private static List<string> Watched(int process) =>
        [.. Directory.EnumerateFiles($"/proc/{process}/fdinfo").SelectMany(Lines).Where(line => line.StartsWith("inotify ", StringComparison.Ordinal))];

    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (IOException)
        {
            // Closed since it was listed.
            return [];
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static bool IsOpen(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
