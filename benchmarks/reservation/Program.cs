using System.Globalization;
using Gateway.ExplorerApi;
using Gateway.Model.Crypto;
using Gateway.ReservationBenchmark;

// reservation-benchmark GATEWAYD DIRECTORY COUNT RESERVATIONS STORED CREATES quick|whole: see ../reservation.sh.
var (program, work) = (args[0], args[1]);
var (count, reservations, stored, creates) = (Number(args[2]), Number(args[3]), Number(args[4]), Number(args[5]));

const string Zone = "gw.test";
using var http = ExplorerClient.CreateHttpClient();
using var upstream = new Upstream();
await using var node = RunningNode.Start(
    program, Path.Combine(work, "node"), "--domains", Zone, "--nameservers", "ns1." + Zone, "--explorer-listen", "127.0.0.1:0", "--dns-listen", "127.0.0.1:0",
    "--router-http-listen", "127.0.0.1:0", "--router-tls-listen", "127.0.0.1:0", "--router-tunnel-listen", "127.0.0.1:0", "--router-allowed-networks", "127.0.0.0/8",
    "--explorer-reservations-per-minute", "0", "--explorer-rate-per-key", "0", "--explorer-workloads-per-user", "0");
await node.WaitAsync(isReady: true);
var explorer = new Uri($"http://{node.At("explorer")}");
var gateway = Tenant.Ok(await new ExplorerClient(http, ExplorerAddress.Normalise(explorer)).ListGatewaysAsync(null, null, null, 1, default)).Items[0].NodeId;
var (other, elsewhere) = (FirstSync.Gateway(work), Identity.Create().Id);
var tenant = await Tenant.RegisterAsync(http, explorer, gateway, other, elsewhere);

var (answer, route) = await Latency.MeasureAsync(node, tenant, gateway, Zone, upstream, work, count);
var (sync, resync) = await new FirstSync(program, work, node, tenant, reservations, args[6] == "quick").MeasureAsync(other, upstream.Port);
var rate = await Creates.MeasureAsync(node, tenant, elsewhere, stored, creates);
var size = reservations == 100_000 ? "100k" : (reservations / 1000).ToString(CultureInfo.InvariantCulture) + "k";
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"reserve_to_answer_ms_p99={answer:F1} reserve_to_route_ms_p99={route:F1} sync_{size}_s={sync:F2} resync_{size}_s={resync:F2} explorer_creates_per_s={rate:F0}"));

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
