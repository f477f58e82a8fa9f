using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Model;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>A resolver that knows what a test puts into it: everything else does not exist.</summary>
internal sealed class ProofResolver : IAsyncDisposable
{
    private readonly UdpClient _udp = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<(string Name, int Type), byte[]> _records = [];
    private readonly Task _running;

    public ProofResolver() => _running = AnswerAsync();

    public IPEndPoint Endpoint => (IPEndPoint)_udp.Client.LocalEndPoint!;

    /// <summary>It reads and says nothing.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Names at and below which nothing can be resolved.</summary>
    public ConcurrentBag<string> Fails { get; } = [];

    public int Asked { get; private set; }

    public void Address(string name, string address) => _records[(name, 1)] = IPAddress.Parse(address).GetAddressBytes();

    public void Alias(string name, string target) => _records[(name, 5)] = DomainName.Parse(target).Wire.ToArray();

    public void Text(string name, string text) => _records[(name, 16)] = [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    public void Remove(string name)
    {
        foreach (var key in _records.Keys.Where(key => key.Name == name)) _records.TryRemove(key, out _);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _udp.Dispose();
        _stop.Dispose();
    }

    private async Task AnswerAsync()
    {
        try
        {
            while (true)
            {
                var query = await _udp.ReceiveAsync(_stop.Token);
                Asked++;
                if (!IsSilent) await _udp.SendAsync(Answer(query.Buffer), query.RemoteEndPoint, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The test ends.
        }
    }

    // An alias is the answer to every type.
    private byte[] Answer(byte[] query)
    {
        DomainName.TryFromWire(query.AsSpan(12, query.Length - 16), out var name);
        var asked = query[^3];
        var type = _records.ContainsKey((name.ToString(), 5)) ? (byte)5 : asked;
        byte[] answer = [.. query];
        (answer[2], answer[3]) = (0x81, 0x80);
        if (Fails.Any(it => name.ToString().EndsWith(it, StringComparison.Ordinal)))
        {
            answer[3] = 0x82;
            return answer;
        }

        if (_records.TryGetValue((name.ToString(), type), out var rdata))
        {
            answer[7] = 1;
            return [.. answer, 0xC0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, (byte)rdata.Length, .. rdata];
        }

        if (!_records.Keys.Any(key => key.Name == name.ToString())) answer[3] = 0x83;
        return answer;
    }
}
