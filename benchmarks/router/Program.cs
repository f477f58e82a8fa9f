using System.Globalization;
using System.Net;
using Gateway.RouterBenchmark;

// router-benchmark serve TLS-PORT HTTP-PORT BACKEND-PORT HTTP-BACKEND-PORT DIRECTORY: our router, routing *.bench
// router-benchmark backend PORT: a server that behaves as the server name of the hello says
// router-benchmark load KIND PORT SECONDS CLIENTS: visitors; prints what they saw, in one line
#pragma warning disable RS0030 // A program's Main hands its output over.
var output = Console.Out;
#pragma warning restore RS0030
int Number(int at) => int.Parse(args[at], CultureInfo.InvariantCulture);
IPEndPoint Local(int at) => new(IPAddress.Loopback, Number(at));
switch (args[0])
{
    case "serve": await Serving.RunAsync(Local(1), Local(2), Number(3), Number(4), args[5]); break;
    case "backend": Backend.Run(Local(1)); break;
    case "load": output.WriteLine(Load.Run(args[1], Local(2), TimeSpan.FromSeconds(Number(3)), Number(4), output)); break;
    default: return 64;
}

return 0;
