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

    /// <summary>The same as a manual page in roff (man(7)): the packages carry it.</summary>
    public static string WriteManual(OptionTable table)
    {
        var page = new StringBuilder(".TH GATEWAYD.JSON 5 \"@DATE@\" \"Gateway @VERSION@\" \"File formats\"\n");
        page.Append(".SH NAME\ngatewayd.json \\- configuration of gatewayd\n.SH DESCRIPTION\n");
        foreach (var line in Head.Split('\n').Skip(4)) page.Append(line.Length == 0 ? ".PP\n" : Roff(line) + "\n");
        foreach (var section in table.Options.GroupBy(option => option.Section))
        {
            page.Append($".SH {(section.Key.Length == 0 ? "THE NODE" : section.Key.ToUpperInvariant())}\n");
            foreach (var option in section) page.Append(Entry(option, table.Show(option)));
        }

        return page.Append(".SH SEE ALSO\n.BR gatewayd (8)\n").ToString();
    }

    private static string Entry(OptionDescription option, string initial)
    {
        var text = $".TP\n.B {Roff(option.Path)}\n{Roff(option.Text.Meaning)}";
        if (option.Text.Unit.Length > 0) text += $" Unit: {Roff(option.Text.Unit)}.";
        if (OptionTable.Range(option.Text) is { Length: > 0 } range) text += $" Range: {Roff(range)}.";
        if (initial.Length > 0) text += $" Default: {Roff(initial)}.";
        return $"{text}\n.br\nFlag {Roff(option.Flag)}, variable {Roff(option.Variable)}.\n";
    }

    // A minus needs its backslash, a grave accent means nothing here, and a line must not begin with a control character.
    private static string Roff(string text)
    {
        var escaped = text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal).Replace("`", "", StringComparison.Ordinal);
        return escaped.StartsWith('.') ? "\\&" + escaped : escaped;
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
