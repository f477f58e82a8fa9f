using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>The examples for containers, as far as they can be tried without a container engine.</summary>
public sealed partial class ContainerExamplesTests
{
    private static string Packaging => Path.Combine(Programs.Root, "packaging");

    [Fact]
    public async Task The_compose_file_is_whole_and_its_command_runs()
    {
        var file = Assert.Single(await ReadAsync("compose.yaml"))!;
        var tunnel = file["services"]!["tunnel"]!;
        foreach (var secret in tunnel["secrets"]!.AsArray()) Assert.NotNull(file["secrets"]![(string)secret!]!["file"]);
        foreach (var other in tunnel["depends_on"]!.AsArray()) Assert.NotNull(file["services"]![(string)other!]);
        var command = Words(tunnel["command"]!);
        Assert.Contains($"http://{(string)tunnel["depends_on"]![0]!}:", command[1], StringComparison.Ordinal);
        Assert.Contains(command, word => word == $"/run/secrets/{(string)tunnel["secrets"]![0]!}");
        await RunsAsync(command);
    }

    [Fact]
    public async Task The_Kubernetes_deployment_is_whole_and_its_command_runs()
    {
        var deployment = Assert.Single(await ReadAsync("kubernetes.yaml"))!;
        Assert.Equal(("apps/v1", "Deployment"), ((string)deployment["apiVersion"]!, (string)deployment["kind"]!));
        var template = deployment["spec"]!["template"]!;
        Assert.True(JsonNode.DeepEquals(deployment["spec"]!["selector"]!["matchLabels"], template["metadata"]!["labels"]));
        var pod = template["spec"]!;
        Assert.True((bool)pod["securityContext"]!["runAsNonRoot"]!);
        var container = Assert.Single(pod["containers"]!.AsArray())!;
        var command = Words(container["args"]!);
        var mount = Assert.Single(container["volumeMounts"]!.AsArray())!;
        Assert.Contains(pod["volumes"]!.AsArray(), volume => (string)volume!["name"]! == (string)mount["name"]!);
        Assert.Contains(command, word => word.StartsWith((string)mount["mountPath"]! + "/", StringComparison.Ordinal));
        var port = Assert.Single(container["ports"]!.AsArray())!;
        Assert.Equal((string)port["name"]!, (string)container["readinessProbe"]!["httpGet"]!["port"]!);
        Assert.Contains(command, word => word == $"0.0.0.0:{(int)port["containerPort"]!}");
        await RunsAsync(command);
    }

    [Fact]
    public async Task The_Dockerfile_takes_what_its_script_makes_and_installs_what_the_package_depends_on()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Packaging, "Dockerfile"), TestContext.Current.CancellationToken);
        var copy = Copy().Match(text);
        var script = Script().Match(text).Value;
        var makes = await File.ReadAllTextAsync(Path.Combine(Programs.Root, script), TestContext.Current.CancellationToken);
        Assert.Contains($"\"$directory/{copy.Groups["what"].Value}\"", makes, StringComparison.Ordinal);
        Assert.Contains($"ENTRYPOINT [\"{copy.Groups["where"].Value}\"]", text, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^USER 65534:65534$", text);

        var control = await File.ReadAllTextAsync(Path.Combine(Packaging, "client", "control"), TestContext.Current.CancellationToken);
        var installed = Installed().Match(text).Groups["packages"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        foreach (var package in installed) Assert.Matches($@"(?m)^(Depends|Recommends):.*\b{Regex.Escape(package)}\b", control);
        // Of what the package depends on, the image of Debian has the C library from the start.
        foreach (var needed in new[] { "libssl3", "libsodium23", "libstdc++6" }) Assert.Contains(needed, installed);
    }

    /// <summary>Its paths and names replaced by what is here, the client begins to dial: it took every word.</summary>
    private static async Task RunsAsync(string[] command)
    {
        using var work = new TemporaryDirectory();
        await File.WriteAllTextAsync(work.File("secret"), "0123456789abcdef0123456789abcdef", TestContext.Current.CancellationToken);
        string[] here = [.. command.Select(word => word switch
        {
            _ when word.StartsWith("tls://", StringComparison.Ordinal) => $"tls://127.0.0.1:1{word[word.IndexOf('#', StringComparison.Ordinal)..]}",
            _ when word.StartsWith('/') => work.File("secret"),
            _ when word.StartsWith("0.0.0.0:", StringComparison.Ordinal) => "127.0.0.1:" + FreePort(),
            _ => word,
        })];
        await using var client = new BackgroundProgram(Programs.Gateway, here);
        await client.SaysAsync("127.0.0.1:1");
        Assert.DoesNotContain("Usage", client.Output, StringComparison.Ordinal);
    }

    private static async Task<JsonArray> ReadAsync(string name)
    {
        const string toJson = "import json, sys, yaml; json.dump(list(yaml.safe_load_all(open(sys.argv[1]))), sys.stdout)";
        var ended = await Programs.RunAsync("/usr/bin/python3", ["-c", toJson, Path.Combine(Packaging, "client", name)]);
        Assert.True(ended.Code == 0, ended.Error);
        return JsonNode.Parse(ended.Output)!.AsArray();
    }

    private static string[] Words(JsonNode list) => [.. list.AsArray().Select(word => (string)word!)];

    private static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        return ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
    }

    [GeneratedRegex("(?m)^COPY (?<what>\\S+) (?<where>\\S+)$")]
    private static partial Regex Copy();

    [GeneratedRegex("scripts/[a-z-]+\\.sh")]
    private static partial Regex Script();

    [GeneratedRegex("--no-install-recommends (?<packages>[^\\\\&\\n]+)")]
    private static partial Regex Installed();
}
