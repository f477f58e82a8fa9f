using System.Reflection;
using System.Text;
using Gateway.Model.Options;

namespace Gateway.Server.Options;

/// <summary>One option as the operator meets it: in the JSON file, in the environment, on the command line.</summary>
/// <param name="Section">The JSON object it stands in; empty at the top.</param>
/// <param name="Property">The property that holds it.</param>
/// <param name="Text">What it means.</param>
internal sealed record OptionDescription(string Section, PropertyInfo Property, OptionAttribute Text)
{
    /// <summary>Where it stands in the JSON file, for example <c>dns.listen</c>.</summary>
    public string Path => Section.Length == 0 ? Name : $"{Section}.{Name}";

    /// <summary>The flag, for example <c>--dns-listen</c>.</summary>
    public string Flag => "--" + Path.Replace('.', '-').Replace('_', '-');

    /// <summary>The environment variable, for example <c>GATEWAY_DNS_LISTEN</c>.</summary>
    public string Variable => "GATEWAY_" + Path.Replace('.', '_').ToUpperInvariant();

    /// <summary>True for an option that takes several values: an array in JSON, separated by commas elsewhere.</summary>
    public bool IsList => OptionValue.ElementType(Property.PropertyType) is not null;

    private string Name => SnakeCase(Property.Name);

    /// <summary>The value of <paramref name="section"/>'s property in the syntax that the reader takes.</summary>
    public string Format(object section) => OptionValue.Format(Property.GetValue(section));

    private static string SnakeCase(string name)
    {
        var text = new StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            var starts = char.IsUpper(name[i]) && i > 0 && (!char.IsUpper(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1])));
            if (starts) text.Append('_');
            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }
}
