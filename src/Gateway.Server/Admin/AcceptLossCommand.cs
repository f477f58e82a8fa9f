using System.Net;

namespace Gateway.Server.Admin;

/// <summary>The operator's word to the node that runs: what vanished from Redis all at once is meant to be gone.</summary>
internal static class AcceptLossCommand
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <summary>Tells the node that owns this state directory. The fault is one line; null when it was told.</summary>
    /// <param name="state">The state directory, in which the node says where its admin listener is.</param>
    /// <param name="output">Takes what became of it.</param>
    public static async Task<string?> RunAsync(string state, TextWriter output)
    {
        if (FindAdmin(Path.Combine(Path.GetFullPath(state), NodeFacts.ListeningFile)) is not { } admin)
            return $"no node runs on '{state}': name the state directory of the running one with --state.";
        using var client = new HttpClient { Timeout = Deadline };
        client.DefaultRequestHeaders.Add(AdminServer.OperatorHeader, "yes");
        try
        {
            using var response = await client.PostAsync(new Uri($"http://{admin}{AdminServer.AcceptLossPath}"), content: null);
            var answer = (await response.Content.ReadAsStringAsync()).Trim();
            if (!response.IsSuccessStatusCode) return $"the node at {admin} answered {(int)response.StatusCode}: {answer}";
            await output.WriteLineAsync(answer);
            return null;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return $"the node at {admin} does not answer ({e.Message}): is it running?";
        }
    }

    private static IPEndPoint? FindAdmin(string file)
    {
        if (!File.Exists(file)) return null;
        var line = File.ReadAllLines(file).FirstOrDefault(it => it.StartsWith("admin ", StringComparison.Ordinal));
        return line is not null && IPEndPoint.TryParse(line["admin ".Length..], out var admin) ? admin : null;
    }
}
