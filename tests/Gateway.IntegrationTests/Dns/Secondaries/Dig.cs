namespace Gateway.IntegrationTests.Dns.Secondaries;

/// <summary>Asks any server on loopback with dig.</summary>
internal static class Dig
{
    public static Task<string> AskAsync(int port, params string[] arguments) =>
        ProgramRun.OutputAsync("dig", $"@127.0.0.1 -p {port} +tries=3 +time=5 +nocookie {string.Join(' ', arguments)}");
}
