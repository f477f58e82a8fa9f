using Gateway.Cli.Expose;
using Gateway.Model;

namespace Gateway.IntegrationTests.Cli.Expose;

/// <summary>A tunnel client in this process, and what it says.</summary>
internal sealed class RunningClient : IAsyncDisposable
{
    public const string Secret = "7:very-s3cret";

    private readonly CancellationTokenSource _stop = new();
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly TextWriter _shared;
    private readonly Task _running;

    public RunningClient(int local, params int[] gateways)
        : this(Options(local, gateways))
    {
    }

    public RunningClient(TunnelClientOptions options, TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        _shared = TextWriter.Synchronized(_output);
        _running = new TunnelClient(options, time, new ClientLog(_shared, json: false, time)).RunAsync(_stop.Token);
    }

    public string Said
    {
        get
        {
            lock (_shared) return _output.ToString();
        }
    }

    public static TunnelClientOptions Options(int local, params int[] gateways) => new()
    {
        Remotes = [.. gateways.Select(port => new TunnelRemote(new HostPort("127.0.0.1", port)))],
        Secret = new Secret(Secret),
        Local = new HostPort("localhost", local),
        LongestPause = TimeSpan.FromMilliseconds(200),
        HandshakeTimeout = TimeSpan.FromSeconds(30),
    };

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        await _shared.DisposeAsync();
    }
}
