using Gateway.Server;

#pragma warning disable RS0030 // The one place that knows the console and the environment; everything else is handed them.
return await CommandLine.RunAsync(args, Environment.GetEnvironmentVariables(), Console.Out, Console.Error);
#pragma warning restore RS0030
