using System.Text;

namespace Gateway.Server.Options;

/// <summary>Writes all options as a page: docs/options.md is its output, and a test keeps it so.</summary>
internal static class OptionsDocument
{
    private const string Head = """
        # Options of gatewayd

        Made by `gatewayd options`; do not edit by hand.

        An option can stand in the JSON file given with `--config`, in the environment, or on the command line; the later of
        these three wins. Lists are JSON arrays in the file and separated by commas elsewhere; a list flag may be repeated.
        Times are written `500ms`, `10s`, `5m`, `1h`. Unknown options stop the start, and all faults are named at once.

        """;

    /// <summary>The whole page in Markdown.</summary>
    public static string Write(OptionTable table)
    {
        var page = new StringBuilder(Head);
        foreach (var section in table.Options.GroupBy(option => option.Section))
        {
            page.Append(section.Key.Length == 0 ? "\n## The node\n\n" : $"\n## {section.Key}\n\n");
            page.Append("| in the file | flag | environment | default | meaning |\n|---|---|---|---|---|\n");
            foreach (var option in section) page.Append(Row(option, table.Show(option))).Append('\n');
        }

        return page.ToString();
    }

    private static string Row(OptionDescription option, string initial)
    {
        var range = OptionTable.Range(option.Text);
        var unit = option.Text.Unit.Length == 0 ? "" : $" Unit: {option.Text.Unit}.";
        var bounds = range.Length == 0 ? "" : $" Range: {range}.";
        var shown = initial.Length == 0 ? "" : $"`{initial}`";
        return $"| `{option.Path}` | `{option.Flag}` | `{option.Variable}` | {shown} | {option.Text.Meaning}{unit}{bounds} |";
    }
}
