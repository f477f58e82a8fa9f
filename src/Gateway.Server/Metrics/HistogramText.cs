using System.Globalization;
using System.Text;

namespace Gateway.Server.Metrics;

/// <summary>One series of a histogram in the text format: buckets, each with those below it, then sum and count.</summary>
internal static class HistogramText
{
    /// <summary>Appends the series.</summary>
    /// <param name="text">Takes it.</param>
    /// <param name="name">The family.</param>
    /// <param name="labels">The labels as they stand between braces; empty: none.</param>
    /// <param name="bounds">The upper bound of each bucket but the last.</param>
    /// <param name="counts">The values in each bucket alone.</param>
    /// <param name="sum">The sum of all values.</param>
    public static void Write(StringBuilder text, string name, string labels, IReadOnlyList<double> bounds, IReadOnlyList<long> counts, double sum)
    {
        var separator = labels.Length > 0 ? "," : "";
        long total = 0;
        for (var i = 0; i < counts.Count; i++)
        {
            total += counts[i];
            var bound = i < bounds.Count ? bounds[i].ToString("R", CultureInfo.InvariantCulture) : "+Inf";
            Family.WriteSample(text, name + "_bucket", $"{labels}{separator}le=\"{bound}\"", total);
        }

        Family.WriteSample(text, name + "_sum", labels, sum);
        Family.WriteSample(text, name + "_count", labels, total);
    }
}
