using Gateway.Model;

namespace Gateway.Cli.Expose;

/// <summary>How long to wait before the next try: the first retry is immediate, then back-off from half a second.</summary>
internal static class ReconnectPause
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(0.5);

    /// <summary>The pause after so many failures in a row (1 or more); <paramref name="jitter"/> is random, from 0 up to 1.</summary>
    public static TimeSpan After(int failures, TimeSpan longest, double jitter) =>
        failures <= 1 ? TimeSpan.Zero : BackOff.Pause(failures - 1, First, longest, jitter);
}
