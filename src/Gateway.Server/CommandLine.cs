using System.Collections;
using System.Reflection;
using System.Runtime.InteropServices;
using Gateway.Server.Admin;
using Gateway.Server.Options;
using Gateway.Transport;

namespace Gateway.Server;

/// <summary>What the words on gatewayd's command line mean, and its exit codes.</summary>
internal static class CommandLine
{
    /// <summary>Everything stopped as it should.</summary>
    public const int Ok = 0;

    /// <summary>The node could not start or had to stop.</summary>
    public const int Failed = 1;

    /// <summary>The configuration is wrong; starting again will not help.</summary>
    public const int Misconfigured = 2;

    private const string Usage = """
        gatewayd runs a gateway node: name server, router, reconciler and explorer.

        Usage:
          gatewayd [--config FILE] [--OPTION VALUE …]    run until SIGTERM or Ctrl-C
          gatewayd check-config [--config FILE] […]      name every fault of the configuration
          gatewayd options [--manual]                    list every option, or write the manual page about them
          gatewayd accept-loss [--state DIR]             serve no more what vanished from Redis all at once
          gatewayd --version

        Example:
          gatewayd --state ./data --domains gw.example.com --nameservers ns1.example.com
        """;

    /// <summary>Runs what the arguments ask for and gives the process's exit code.</summary>
    public static async Task<int> RunAsync(string[] arguments, IDictionary environment, TextWriter output, TextWriter error)
    {
        switch (arguments)
        {
            case ["--help" or "-h" or "help", ..]: return Say(output, Usage);
            case ["--version", ..]: return Say(output, $"gatewayd {Version}");
            case ["options", "--manual"]: return Say(output, OptionsDocument.WriteManual(new Configuration().Table).TrimEnd());
            case ["options"]: return Say(output, OptionsDocument.Write(new Configuration().Table).TrimEnd());
        }

        var command = arguments is ["check-config" or "accept-loss", ..] ? arguments[0] : "run";
        var configuration = new Configuration();
        var faults = OptionReader.Read(configuration.Table, command == "run" ? arguments : arguments[1..], environment);
        if (faults.Count > 0) return Refuse(error, faults, Misconfigured);
        return command switch
        {
            "check-config" => Say(output, "The configuration is good."),
            "accept-loss" => await AcceptLossCommand.RunAsync(configuration.Node.State, output) is { } fault ? Refuse(error, [fault], Failed) : Ok,
            _ => await RunNodeAsync(configuration, arguments, environment, output, error),
        };
    }

    /// <summary>The version that was built.</summary>
    public static string Version => typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    private static async Task<int> RunNodeAsync(Configuration configuration, string[] arguments, IDictionary environment, TextWriter output, TextWriter error)
    {
        // A node that runs out of them while it starts would be started again for ever.
        if (DescriptorReserve.Fault() is { } tooFew) return Refuse(error, [tooFew], Misconfigured);
        using var stop = new StopSignals();
        await using var node = new Node(configuration, PassedSockets.Take(environment, Environment.ProcessId), ServiceNotification.From(environment), environment, output, error);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            node.Reload(arguments, environment);
        });
        try
        {
            var faults = await node.StartAsync(stop.Token);
            return faults.Count > 0 ? Refuse(error, faults, Failed) : await node.RunAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            // Told to stop before everything stood: that is a stop like any other.
            return Ok;
        }
    }

    private static int Refuse(TextWriter error, IReadOnlyList<string> faults, int code)
    {
        foreach (var fault in faults) error.WriteLine("gatewayd: " + fault);
        return code;
    }

    private static int Say(TextWriter output, string text)
    {
        output.WriteLine(text);
        return Ok;
    }
}
