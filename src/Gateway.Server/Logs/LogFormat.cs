namespace Gateway.Server.Logs;

/// <summary>How log lines are written.</summary>
internal enum LogFormat
{
    /// <summary>For the journal when systemd connected standard error with it, else for people.</summary>
    Auto,

    /// <summary>A line of text.</summary>
    Human,

    /// <summary>A line that is a JSON object.</summary>
    Json,

    /// <summary>An entry of the journal with fields.</summary>
    Journal,
}
