using Gateway.Cli;
using Gateway.Cli.Commands;
using Gateway.Transport;

#pragma warning disable RS0030 // The one place that knows the console and the environment; everything else is handed them.
using var stop = new StopSignals();
return await CommandTree.RunAsync(args, new Terminal(Console.Out, Console.Error, Environment.GetEnvironmentVariables(), TimeProvider.System), stop.Token);
#pragma warning restore RS0030
