using System.CommandLine;
using System.Text.Json.Nodes;
using Gateway.Cli.Hello;

namespace Gateway.Cli.Commands;

/// <summary><c>gateway hello</c>: a page to try a tunnel with.</summary>
internal static class HelloCommand
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var name = new Option<string>("--name") { Description = "The host name in the page's certificate.", DefaultValueFactory = _ => "hello.gw.test" };
        var port = new Option<ushort>("--port") { Description = "The port for HTTP; 0: any. HTTPS is always on a port that the system chooses.", DefaultValueFactory = _ => 8000 };
        var command = new ExampleCommand("hello", "Serve a small page on loopback over HTTP and HTTPS, to try a tunnel with. Prints where, and the certificate's SHA-256 fingerprint.",
            "gateway hello --name hello.gw.test")
        { name, port };
        command.SetAction((parsed, stop) => RunAsync(terminal, parsed.GetValue(name)!, parsed.GetValue(port), parsed.GetValue(common.Json), stop));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, string name, int port, bool json, CancellationToken stop)
    {
        using var certificate = HelloCertificate.Create(name, terminal.Time.GetUtcNow());
        using var server = new HelloServer(certificate, terminal.Time);
        if (!server.TryBind(port, out var fault)) return terminal.Report(new Outcome.Fault(ExitCode.Failed, fault), json);
        var fingerprint = HelloCertificate.Fingerprint(certificate);
        var facts = new JsonObject { ["http"] = server.Plain.ToString(), ["https"] = server.Tls.ToString(), ["fingerprint"] = fingerprint };
        terminal.Report(new Outcome.Done($"http {server.Plain}\nhttps {server.Tls}\nfingerprint {fingerprint}", facts), json);
        await terminal.Output.FlushAsync(stop);
        await server.RunAsync(stop);
        return (int)ExitCode.Ok;
    }
}
