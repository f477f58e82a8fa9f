using Gateway.Cli;
using Gateway.Cli.Commands;

#pragma warning disable RS0030 // The one place that knows the console and the environment; everything else is handed them.
return await CommandTree.RunAsync(args, new Terminal(Console.Out, Console.Error, Environment.GetEnvironmentVariables(), TimeProvider.System));
#pragma warning restore RS0030
