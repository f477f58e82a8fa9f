using System.Globalization;
using System.Text.Json.Nodes;

namespace Gateway.Cli.Expose;

/// <summary>A change of state that the user may want to know. None ever holds the secret.</summary>
/// <param name="Name">For programs.</param>
/// <param name="Subject">The gateway or the local target it is about.</param>
/// <param name="Text">What happened, for people.</param>
/// <param name="Retry">When the next try follows, if one does.</param>
internal sealed record ClientEvent(string Name, HostPort Subject, string Text, TimeSpan? Retry = null)
{
    /// <summary>One line for people.</summary>
    public string ToLine(string service) =>
        (service.Length > 0 ? $"{service}: " : "") + Retry switch
        {
            null => $"{Subject}: {Text}",
            { Ticks: 0 } => $"{Subject}: {Text}; trying again at once",
            { } pause => string.Create(CultureInfo.InvariantCulture, $"{Subject}: {Text}; next try in {pause.TotalSeconds:0.0} s"),
        };

    /// <summary>One line for programs.</summary>
    public string ToJson(string service, DateTimeOffset at)
    {
        var json = new JsonObject { ["time"] = at.UtcDateTime.ToString("O", CultureInfo.InvariantCulture), ["event"] = Name, ["subject"] = Subject.ToString(), ["text"] = Text };
        if (service.Length > 0) json["service"] = service;
        if (Retry is { } pause) json["retry_seconds"] = Math.Round(pause.TotalSeconds, 3);
        return json.ToJsonString();
    }
}

/// <summary>Writes one line per change; what was said of a subject last is not said again.</summary>
internal sealed class ClientLog(TextWriter output, bool json, TimeProvider time, string service = "")
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(HostPort, string), string> _last = [];

    /// <summary>Says it, unless it is no news. <paramref name="about"/> separates what changes on its own.</summary>
    public void Tell(string about, ClientEvent news)
    {
        lock (_gate)
        {
            if (_last.GetValueOrDefault((news.Subject, about)) == news.Text) return;
            _last[(news.Subject, about)] = news.Text;
            output.WriteLine(json ? news.ToJson(service, time.GetUtcNow()) : news.ToLine(service));
            output.Flush();
        }
    }

    /// <summary>What is well and was never otherwise needs no word.</summary>
    public void TellIfKnown(string about, ClientEvent news)
    {
        lock (_gate)
            if (!_last.ContainsKey((news.Subject, about))) return;
        Tell(about, news);
    }
}
