using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Gateway.EndToEndTests.Support;

/// <summary>A web server of the test's own: one large body for every request, sent no faster than asked for, and to its end not before <see cref="Finish"/>.</summary>
internal sealed class ByteServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _mayFinish = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _body;
    private readonly int _bytesPerSecond;
    private readonly Task _running;

    public ByteServer(int length, int bytesPerSecond, bool waits = false)
    {
        if (!waits) Finish();
        _body = RandomNumberGenerator.GetBytes(length);
        _bytesPerSecond = bytesPerSecond;
        _listener.Start();
        _running = RunAsync();
    }

    public string Address => _listener.LocalEndpoint.ToString()!;

    /// <summary>SHA-256 of the body.</summary>
    public byte[] Digest => SHA256.HashData(_body);

    /// <summary>Lets the last octet of each body go.</summary>
    public void Finish() => _mayFinish.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _running;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var visits = new List<Task>();
        try
        {
            while (true) visits.Add(VisitAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(visits);
        }
    }

    private async Task VisitAsync(TcpClient visitor)
    {
        using var owned = visitor;
        var stream = visitor.GetStream();
        try
        {
            await stream.ReadAtLeastAsync(new byte[8192], 1, cancellationToken: _stop.Token);
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {_body.Length}\r\nConnection: close\r\n\r\n"), _stop.Token);
            var step = Math.Max(1, _bytesPerSecond / 50);
            for (var at = 0; at < _body.Length; at += step)
            {
                if (at + step >= _body.Length) await _mayFinish.Task.WaitAsync(_stop.Token);
                await stream.WriteAsync(_body.AsMemory(at, Math.Min(step, _body.Length - at)), _stop.Token);
                await Task.Delay(20, _stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The visitor left or the test ends; the test looks at what arrived.
        }
    }
}
