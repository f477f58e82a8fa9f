using Microsoft.Extensions.Logging;

namespace Gateway.Server.Logs;

/// <summary>Which log lines are written; the level can be changed while the node runs.</summary>
internal sealed class LogThreshold(LogLevel level)
{
    private volatile LogLevel _level = level;

    /// <summary>The least important level that is written.</summary>
    public LogLevel Level
    {
        get => _level;
        set => _level = value;
    }

    /// <summary>True for a line of <paramref name="category"/> that is to be written.</summary>
    public bool Passes(string? category, LogLevel level) => level >= (IsForeign(category) && _level < LogLevel.Warning ? LogLevel.Warning : _level);

    // Kestrel and the host tell of every listener and request; ours say what an operator needs.
    private static bool IsForeign(string? category) =>
        category is not null && (category.StartsWith("Microsoft", StringComparison.Ordinal) || category.StartsWith("Yarp", StringComparison.Ordinal));
}
