using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Gateway.EndToEndTests.Support;

/// <summary>A Redis that the operator runs: Debian's redis-server on a free port, spoken to with redis-cli.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly string _directory;
    private readonly string _port;
    private Process _process;

    private RedisServer(string directory, string port)
    {
        (_directory, _port) = (directory, port);
        _process = Launch();
    }

    public int Port => int.Parse(_port, CultureInfo.InvariantCulture);

    public int ProcessId => _process.Id;

    public string Url => $"redis://127.0.0.1:{_port}";

    public static async Task<RedisServer> StartAsync(string directory)
    {
        Directory.CreateDirectory(directory);
        var server = new RedisServer(directory, FreePort());
        await server.AnswersAsync();
        return server;
    }

    /// <summary>Ends it by SIGKILL, and with it what SAVE did not save.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>After <see cref="KillAsync"/>: starts it again with what SAVE saved last, or with what is in another file.</summary>
    public async Task StartAgainAsync(string? file = null)
    {
        if (file is not null) File.Copy(file, Path.Combine(_directory, "dump.rdb"), overwrite: true);
        _process.Dispose();
        _process = Launch();
        await AnswersAsync();
    }

    /// <summary>What it holds now, in a file that outlives it.</summary>
    public async Task<string> BackUpAsync()
    {
        await CommandAsync("SAVE");
        var aside = Path.Combine(_directory, "backup.rdb");
        File.Copy(Path.Combine(_directory, "dump.rdb"), aside, overwrite: true);
        return aside;
    }

    /// <summary>Kills it and starts another in its place: with what SAVE saved last, or with nothing.</summary>
    public async Task RestartAsync(bool keepData)
    {
        var (file, aside) = (Path.Combine(_directory, "dump.rdb"), Path.Combine(_directory, "aside.rdb"));
        await DisposeAsync();
        if (!keepData) File.Move(file, aside);
        else if (File.Exists(aside)) File.Move(aside, file);
        _process = Launch();
        await AnswersAsync();
    }

    /// <summary>What redis-cli prints, without the end of the line; an error's text when the command failed.</summary>
    public async Task<string> TryCommandAsync(params string[] command) => (await Programs.RunAsync("redis-cli", ["-p", _port, .. command])).Output.Trim();

    /// <summary>One command by redis-cli; an error answer fails.</summary>
    public async Task<string> CommandAsync(params string[] command)
    {
        var ended = await Programs.RunAsync("redis-cli", ["-e", "-p", _port, .. command]);
        Assert.True(ended.Code == 0, ended.Output + ended.Error);
        return ended.Output;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private Process Launch()
    {
        var process = Programs.Start("redis-server", ["--port", _port, "--bind", "127.0.0.1", "--dir", _directory, "--save", ""]);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private Task AnswersAsync() => Programs.EventuallyAsync(async () => await TryCommandAsync("PING") == "PONG", "Redis answers");

    private static string FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }
}
