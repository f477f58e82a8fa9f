using System.ComponentModel;
using System.Diagnostics;
using Gateway.Store.Connecting;

namespace Gateway.Store.Child;

/// <summary>One process of redis-server, and the thread whose life it is tied to.</summary>
/// <remarks>
/// prctl(2): the parent of PR_SET_PDEATHSIG is the thread that forked, not the process. A thread of the pool may end at any
/// time and would take Redis along, so a thread of its own starts the child and stays until it ends.
/// </remarks>
internal sealed class RedisChild : IAsyncDisposable
{
    // Enough for the reason of a failed start; the rest is in the log.
    private const int LinesKept = 10;

    // The exit code that a shell gives for a program it cannot run.
    private const int CannotExecute = 126;

    private static readonly TimeSpan EndDeadline = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly string _configuration;
    private readonly Action<string> _heard;
    private readonly Queue<string> _lines = new();
    private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RedisChild(Process process, string configuration, Action<string> heard)
    {
        _process = process;
        _configuration = configuration;
        _heard = heard;
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Hear(line.Data);
    }

    /// <summary>Completes with the exit code: 128 + n after signal n.</summary>
    internal Task<int> Ended => _ended.Task;

    internal int ProcessId { get; private set; }

    /// <summary>The last lines it printed, oldest first.</summary>
    internal IReadOnlyList<string> LastLines
    {
        get { lock (_lines) return [.. _lines]; }
    }

    /// <summary>Starts it; whether it can serve is for <see cref="Readiness"/> to say.</summary>
    internal static RedisChild Start(string program, string configuration, Action<string> heard)
    {
        var process = new Process { StartInfo = RedisProgram.Command(program) };
        var child = new RedisChild(process, configuration, heard);
        using var started = new ManualResetEventSlim();
        new Thread(() => child.Live(started)) { IsBackground = true, Name = "redis-server" }.Start();
        started.Wait(CancellationToken.None);
        return child;
    }

    /// <summary>Asks it to end, and kills it when it does not in time.</summary>
    internal async Task EndAsync(RedisEndpoint endpoint, TimeProvider time)
    {
        using var deadline = new CancellationTokenSource(EndDeadline, time);
        try
        {
            // Redis answers this only when it refuses; otherwise it flushes its file and closes the connection.
            if (!Ended.IsCompleted) await RedisCall.AskAsync(endpoint, deadline.Token, "SHUTDOWN");
            await Ended.WaitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
            await Ended;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!Ended.IsCompleted) _process.Kill();
        await Ended;
        _process.Dispose();
    }

    private void Live(ManualResetEventSlim started)
    {
        try
        {
            _process.Start();
            ProcessId = _process.Id;
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
            Configure();
        }
        catch (Win32Exception e)
        {
            // No memory, no process number free: the supervisor tries again later.
            Hear($"it cannot be started: {e.Message}");
            _ended.SetResult(CannotExecute);
            return;
        }
        finally
        {
            started.Set();
        }

        // With a time limit the wait does not include the end of its output, which children of Redis may hold open.
        while (!_process.WaitForExit(TimeSpan.FromHours(1)))
        {
            // Still running.
        }

        // A rewrite of the append-only file that was under way has nobody to report to any more.
        ProcessGroup.Kill(ProcessId);
        _ended.SetResult(_process.ExitCode);
    }

    private void Configure()
    {
        try
        {
            _process.StandardInput.Write(_configuration);
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended before it read its configuration: its exit code and last line say why.
        }
    }

    private void Hear(string? line)
    {
        if (string.IsNullOrWhiteSpace(line)) return;
        lock (_lines)
        {
            _lines.Enqueue(line);
            if (_lines.Count > LinesKept) _lines.Dequeue();
        }

        _heard(line);
    }
}
