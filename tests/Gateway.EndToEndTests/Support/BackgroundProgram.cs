using System.Diagnostics;
using System.Text;

namespace Gateway.EndToEndTests.Support;

/// <summary>A program that runs beside the test and ends with it.</summary>
internal sealed class BackgroundProgram : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    public BackgroundProgram(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? variables = null)
    {
        _process = Programs.Start(program, arguments, variables);
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Its number in the system.</summary>
    public int Id => _process.Id;

    /// <summary>Everything it printed so far.</summary>
    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    /// <summary>Waits until it printed a text.</summary>
    public Task SaysAsync(string text) => Programs.EventuallyAsync(() => Task.FromResult(Output.Contains(text, StringComparison.OrdinalIgnoreCase)), $"it says '{text}'");

    /// <summary>Waits until it printed a text so many times.</summary>
    public Task SaysAsync(string text, int times) => Programs.EventuallyAsync(() => Task.FromResult(Output.Split(text).Length > times), $"it says '{text}' {times} times");

    /// <summary>Sends a signal and waits for its end: the exit code.</summary>
    public async Task<int> EndAsync(string signal)
    {
        await SignalAsync(signal);
        return await EndedAsync();
    }

    /// <summary>Sends a signal.</summary>
    public Task SignalAsync(string signal) => Programs.RunAsync("kill", [signal, Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);

    /// <summary>Waits for its end: the exit code.</summary>
    public async Task<int> EndedAsync()
    {
        await Programs.EventuallyAsync(() => Task.FromResult(_process.HasExited), $"it ends; it said {Output}");
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        KeptLogs.Keep(Output);
        _process.Dispose();
    }

    private void Append(string? line)
    {
        if (line is null) return;
        lock (_output) _output.Append(line).Append('\n');
    }
}
