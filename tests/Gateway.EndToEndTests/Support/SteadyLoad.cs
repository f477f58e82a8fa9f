namespace Gateway.EndToEndTests.Support;

/// <summary>Asks a node's name server for names and visits one of them, all the time until it is ended.</summary>
internal sealed class SteadyLoad : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly RunningNode _node;
    private readonly Task _running;
    private int _asked;
    private int _wrong;

    /// <param name="node">Who is asked.</param>
    /// <param name="host">A host with an address and a route.</param>
    /// <param name="name">Another name with one address.</param>
    public SteadyLoad(RunningNode node, string host, string name)
    {
        _node = node;
        _running = Task.WhenAll(Task.Run(() => AskAsync(host)), Task.Run(() => AskAsync(name)), Task.Run(() => VisitAsync(host)));
    }

    /// <summary>Questions and visits so far.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <summary>Stops, and gives how many had no right answer.</summary>
    public async Task<int> EndAsync()
    {
        await _end.CancelAsync();
        await _running;
        return _wrong;
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _client.Dispose();
        _end.Dispose();
    }

    private async Task AskAsync(string name)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!_end.IsCancellationRequested)
        {
            Note(await Resolver.AskAsync(_node.Dns, name, milliseconds: 20_000) == (0, 1));
            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private async Task VisitAsync(string host)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!_end.IsCancellationRequested)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://{_node.Http}/"));
            request.Headers.Host = host;
            using var response = await _client.SendAsync(request);
            Note(response.IsSuccessStatusCode);
            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private void Note(bool isRight)
    {
        Interlocked.Increment(ref _asked);
        if (!isRight) Interlocked.Increment(ref _wrong);
    }
}
