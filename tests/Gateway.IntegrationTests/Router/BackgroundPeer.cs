using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.IntegrationTests.Support;

namespace Gateway.IntegrationTests.Router;

/// <summary>Another proxy or server that runs beside the test, with a configuration of its own, and ends with it.</summary>
internal sealed class BackgroundPeer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _folder;
    private readonly StringBuilder _output = new();

    private BackgroundPeer(Process process, string folder)
    {
        (_process, _folder) = (process, folder);
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>HAProxy with these lines after the defaults; returns when it listens.</summary>
    public static Task<BackgroundPeer> HaproxyAsync(string lines, params IPEndPoint[] listens) => StartAsync(
        "haproxy", folder => ["-f", Path.Combine(folder, "conf")], _ => $"defaults\n timeout connect 30s\n timeout client 30s\n timeout server 30s\n{lines}\n", listens);

    /// <summary>nginx with these blocks beside events; returns when it listens.</summary>
    public static Task<BackgroundPeer> NginxAsync(string blocks, params IPEndPoint[] listens) => StartAsync(
        "nginx", folder => ["-p", folder, "-c", Path.Combine(folder, "conf")],
        folder => $"load_module /usr/lib/nginx/modules/ngx_stream_module.so;\ndaemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr notice;\nevents {{ worker_connections 256; }}\n{blocks}\n", listens);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<BackgroundPeer> StartAsync(string program, Func<string, string[]> arguments, Func<string, string> configuration, IPEndPoint[] listens)
    {
        var folder = Directory.CreateTempSubdirectory("gateway-peer-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "conf"), configuration(folder));
        var path = File.Exists($"/usr/sbin/{program}") ? $"/usr/sbin/{program}" : program;
        var peer = new BackgroundPeer(Process.Start(new ProcessStartInfo(path, arguments(folder)) { RedirectStandardOutput = true, RedirectStandardError = true })!, folder);
        try
        {
            foreach (var listen in listens) await Eventually.TrueAsync(() => peer.AnswersAsync(listen), $"{program} listens on {listen}");
            return peer;
        }
        catch
        {
            await peer.DisposeAsync();
            throw;
        }
    }

    private async Task<bool> AnswersAsync(IPEndPoint listen)
    {
        if (_process.HasExited) throw new InvalidOperationException($"It ended with {_process.ExitCode}:\n{_output}");
        using var probe = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await probe.ConnectAsync(listen);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void Append(string? line)
    {
        lock (_output) _output.AppendLine(line);
    }
}
