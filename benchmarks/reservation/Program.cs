using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.ExplorerApi;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;

// reservation-benchmark EXPLORER DNS COUNT: reserves COUNT names one after the other as a user would, and measures from the
// first byte of each reservation to the first right answer of the name server.
var explorer = new Uri(args[0]);
var server = IPEndPoint.Parse(args[1]);
var count = int.Parse(args[2], CultureInfo.InvariantCulture);

var identity = Identity.Create();
using var http = ExplorerClient.CreateHttpClient();
var anonymous = new ExplorerClient(http, ExplorerAddress.Normalise(explorer));
var suffix = identity.Id[..8].ToLowerInvariant();
var user = Ok(await anonymous.CreateUserAsync(new User { Name = "bench" + suffix, Email = $"{suffix}@example.test", Pubkey = identity.PublicKey.Hex }, default));
var client = new ExplorerClient(http, ExplorerAddress.Normalise(explorer), ExplorerSigner.User(user.Id, identity));
var gateway = Ok(await client.ListGatewaysAsync(null, null, null, 1, default)).Items[0];
var pool = await MakePoolAsync();
using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 100 };
socket.Connect(server);

var toAnswer = new double[count];
var toStored = new double[count];
for (var i = 0; i < count; i++)
{
    var name = $"r{i}-{suffix}.{gateway.ManagedDomains![0]}";
    var workload = Sign(name);
    var start = Stopwatch.GetTimestamp();
    Ok(await client.CreateWorkloadAsync(workload, default));
    toStored[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    while (!Answers(name))
    {
        if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(10)) throw new TimeoutException($"{name} was never answered.");
        // A thousand questions a second find the answer to the millisecond, and leave the cores to the node.
        await Task.Delay(1);
    }

    toAnswer[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
}

foreach (var slow in Enumerable.Range(0, count).OrderByDescending(i => toAnswer[i]).Take(5))
    Console.WriteLine($"slow: number {slow} was stored after {toStored[slow]:F1} ms and answered after {toAnswer[slow]:F1} ms");
Array.Sort(toAnswer);
Console.WriteLine($"{count} reservations: fastest {toAnswer[0]:F1} ms, slowest {toAnswer[^1]:F1} ms");
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"reserve_to_answer_ms_p50={Percentile(50):F1} reserve_to_answer_ms_p99={Percentile(99):F1}"));

double Percentile(int percent) => toAnswer[Math.Min(count - 1, (int)Math.Ceiling(count * percent / 100.0) - 1)];

T Ok<T>(ExplorerOutcome<T> outcome) => outcome.Match(
    value => value,
    refused => throw new InvalidOperationException(refused.ToString()),
    unreachable => throw new InvalidOperationException(unreachable.ToString()));

async Task<long> MakePoolAsync()
{
    var data = new PoolData { NodeIds = [gateway.NodeId], Currencies = ["TFT"] };
    var json = ExplorerJson.Write(data);
    return Ok(await client.CreatePoolAsync(
        new PoolReservation { Json = Encoding.UTF8.GetString(json), Reservation = data, CustomerTid = user.Id, CustomerSignature = identity.SignHex(json) },
        default)).ReservationId;
}

Workload Sign(string name)
{
    var workload = new Workload
    {
        WorkloadId = 1,
        NodeId = gateway.NodeId,
        PoolId = pool,
        CustomerTid = user.Id,
        SigningRequestDelete = new SigningRequest { Signers = [user.Id], QuorumMin = 1 },
        NextAction = NextAction.Deploy,
        Epoch = ExplorerDate.From(DateTimeOffset.UtcNow),
        WorkloadType = WorkloadType.Subdomain,
        Domain = name,
        Ips = ["192.0.2.1"],
    };
    return workload with { CustomerSignature = WorkloadChallenge.SignCustomer(workload, identity) };
}

// One question and its answer; right when it is NOERROR with the one address.
bool Answers(string name)
{
    Span<byte> message = stackalloc byte[512];
    message.Clear();
    message[5] = 1;
    var at = 12;
    foreach (var label in name.Split('.'))
    {
        message[at] = (byte)label.Length;
        at += 1 + Encoding.ASCII.GetBytes(label, message[(at + 1)..]);
    }

    message[at + 2] = 1;
    message[at + 4] = 1;
    socket.Send(message[..(at + 5)]);
    try
    {
        var length = socket.Receive(message);
        return (message[3] & 15) == 0 && BinaryPrimitives.ReadUInt16BigEndian(message[6..]) == 1 && message[(length - 4)..length].SequenceEqual((ReadOnlySpan<byte>)[192, 0, 2, 1]);
    }
    catch (SocketException e) when (e.SocketErrorCode == SocketError.TimedOut)
    {
        return false;
    }
}
