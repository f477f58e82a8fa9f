using System.Globalization;
using System.Net;
using Gateway.RouterBenchmark;
using Gateway.TunnelBenchmark;

// tunnel-benchmark backend PORT: a server that behaves as the server name of the hello says
// tunnel-benchmark load KIND PORT SECONDS CLIENTS: visitors; prints what they saw, in one line
// tunnel-benchmark stall PORT SECONDS COUNT: visitors who read nothing
// tunnel-benchmark delay PORT TO-PORT MILLISECONDS: a line with this round trip; a connection to PORT + 1 resets what is on it
// tunnel-benchmark reconnect PORT KILL-PORT TIMES: how long visitors are not served after a loss
// tunnel-benchmark churn PORT KILL-PORT SECONDS VISITORS: cuts a line once a second, with so many visitors between two cuts
// tunnel-benchmark swarm PORT COUNT SECRET: holds tunnel sessions
#pragma warning disable RS0030 // A program's Main hands its output over.
var output = Console.Out;
#pragma warning restore RS0030
int Number(int at) => int.Parse(args[at], CultureInfo.InvariantCulture);
IPEndPoint Local(int at) => new(IPAddress.Loopback, Number(at));
switch (args[0])
{
    case "backend": Backend.Run(Local(1)); break;
    case "load": output.WriteLine(Load.Run(args[1], Local(2), TimeSpan.FromSeconds(double.Parse(args[3], CultureInfo.InvariantCulture)), Number(4), output)); break;
    case "stall": Trials.Stall(Local(1), TimeSpan.FromSeconds(Number(2)), Number(3)); break;
    case "delay": new DelayLine(Local(2), TimeSpan.FromMilliseconds(Number(3) / 2.0)).Run(Local(1)); break;
    case "reconnect": output.WriteLine(Trials.Reconnect(Local(1), Local(2), Number(3))); break;
    case "churn": output.WriteLine(Trials.Churn(Local(1), Local(2), TimeSpan.FromSeconds(Number(3)), Number(4))); break;
    case "swarm": await Trials.SwarmAsync(Local(1), Number(2), args[3], output); break;
    default: return 64;
}

return 0;
